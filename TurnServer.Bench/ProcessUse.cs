using System.Globalization;

namespace TurnServer.Bench;

/// <summary>What the kernel says a process has used up to a moment.</summary>
/// <param name="CpuSeconds">By the program itself and by the kernel on its behalf.</param>
/// <param name="ResidentMegabytes">Physical memory now, in megabytes of 2²⁰ bytes.</param>
/// <param name="PeakMegabytes">The most it ever was since the process started.</param>
internal readonly record struct ProcessUse(double CpuSeconds, double ResidentMegabytes, double PeakMegabytes)
{
    // What the kernel counts CPU time in for user space, on every Linux that .NET runs on (USER_HZ).
    private const double TicksPerSecond = 100;

    // The fields of /proc/PID/stat behind the command's name in parentheses: utime is the 14th of all, stime the 15th.
    private const int UserTimeField = 11;
    private const int SystemTimeField = 12;

    /// <summary>Null when the process is gone, or not ours to look at.</summary>
    public static ProcessUse? Of(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var status = File.ReadAllLines($"/proc/{processId}/status");
            return new ProcessUse((Number(fields[UserTimeField]) + Number(fields[SystemTimeField])) / TicksPerSecond,
                Megabytes(status, "VmRSS:"), Megabytes(status, "VmHWM:"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // None for a process that has just ended.
    private static double Megabytes(string[] status, string field)
    {
        var line = Array.Find(status, text => text.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
