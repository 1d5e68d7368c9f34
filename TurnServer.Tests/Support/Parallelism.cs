// Most tests wait for a child process or for real time to pass on a socket: more at once than there are cores.
[assembly: LevelOfParallelism(4)]
// What loads the machine, measures memory, or turns a setting of this whole process, says that it is NonParallelizable.
[assembly: Parallelizable(ParallelScope.Fixtures)]
