using System.Globalization;

namespace TurnServer.Bench.Processes;

/// <summary>CPU time and memory of a process, as /proc reports them.</summary>
/// <param name="CpuSeconds">User and system time since the process started.</param>
/// <param name="ResidentMegabytes">Resident memory (RSS) now, in MiB.</param>
/// <param name="PeakMegabytes">Peak RSS since the process started, in MiB.</param>
internal readonly record struct ProcessUsage(double CpuSeconds, double ResidentMegabytes, double PeakMegabytes)
{
    // USER_HZ, which is 100 on every architecture that .NET supports.
    private const double TicksPerSecond = 100;

    // Fields of /proc/PID/stat, counted from behind the command name: utime is field 14 of all, stime field 15.
    private const int UserTimeField = 11;
    private const int SystemTimeField = 12;

    /// <summary>Null when the process has ended or may not be inspected.</summary>
    public static ProcessUsage? Of(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var status = File.ReadAllLines($"/proc/{processId}/status");
            return new ProcessUsage((Number(fields[UserTimeField]) + Number(fields[SystemTimeField])) / TicksPerSecond,
                Megabytes(status, "VmRSS:"), Megabytes(status, "VmHWM:"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A process that has just ended has no such lines.
    private static double Megabytes(string[] status, string field)
    {
        var line = Array.Find(status, text => text.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
