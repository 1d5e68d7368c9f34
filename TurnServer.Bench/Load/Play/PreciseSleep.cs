using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TurnServer.Bench.Load.Play;

/// <summary>
/// Sleeps until an instant, to some ten microseconds on Linux. .NET's own timers are up to milliseconds late: more than
/// a turn takes that is delivered to a held reply.
/// </summary>
internal static class PreciseSleep
{
    private const int ClockMonotonic = 1;
    private const int AbsoluteTime = 1;
    private const int SetTimerSlack = 29;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // Stopwatch is that clock on Linux, and this is how one knows.
    private static readonly bool IsPrecise = OperatingSystem.IsLinux() && Stopwatch.Frequency == NanosecondsPerSecond;

    /// <summary>The kernel rounds a thread's sleeps up by 50 µs unless it is told not to.</summary>
    public static void PrepareThread()
    {
        if (IsPrecise)
            _ = Prctl(SetTimerSlack, 1, 0, 0, 0);
    }

    /// <summary>Sleeps until this time of Stopwatch's; may wake early.</summary>
    public static void Until(long timestamp)
    {
        if (IsPrecise)
        {
            var time = new TimeSpec
            {
                Seconds = (nint)(timestamp / NanosecondsPerSecond),
                Nanoseconds = (nint)(timestamp % NanosecondsPerSecond),
            };
            _ = ClockNanosleep(ClockMonotonic, AbsoluteTime, in time, 0);
            return;
        }

        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), timestamp);
        if (left > TimeSpan.Zero)
            Thread.Sleep(left);
    }

    [DllImport("libc", EntryPoint = "clock_nanosleep")]
    private static extern int ClockNanosleep(int clock, int flags, in TimeSpec time, nint remaining);

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
