// As for the scripts and the systemd unit under test.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

// More fixtures than cores: most tests wait for a child process or a socket.
[assembly: LevelOfParallelism(4)]
// Fixtures that load the machine, measure memory or change process-wide settings are marked NonParallelizable.
[assembly: Parallelizable(ParallelScope.Fixtures)]
