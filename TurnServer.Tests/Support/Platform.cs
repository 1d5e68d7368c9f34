// As the scripts and the unit that are tested.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
