// Most tests wait for a child process or for real time to pass on a socket: more at once than there are cores.
[assembly: LevelOfParallelism(4)]
