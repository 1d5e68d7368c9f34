using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace TurnServer.Bench.Load;

/// <summary>The process that listens on a port of this machine, and what the kernel says it has used.</summary>
internal sealed class ServerProcess
{
    // What the kernel counts CPU time in for user space, on every Linux that .NET runs on (USER_HZ).
    private const double TicksPerSecond = 100;

    // The fields of /proc/PID/stat behind the command's name in parentheses: utime is the 14th of all, stime the 15th.
    private const int UserTimeField = 11;
    private const int SystemTimeField = 12;

    // The fields of a line of /proc/net/tcp.
    private const int LocalAddressField = 1;
    private const int StateField = 3;
    private const int InodeField = 9;
    private const string Listening = "0A";

    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    private ServerProcess(int id) => Id = id;

    public int Id { get; }

    /// <summary>The process behind this address; null when it is not on this machine, or not ours to look at.</summary>
    public static ServerProcess? Find(Uri url)
    {
        try
        {
            if (!OperatingSystem.IsLinux() || !IsHere(url))
                return null;
            var sockets = ListeningSockets(url.Port);
            foreach (var directory in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture,
                    out var id) && Owns(directory, sockets))
                {
                    return new ServerProcess(id);
                }
            }
        }
        catch (Exception e) when (IsRefusal(e))
        {
            // Then its use is not told.
        }

        return null;
    }

    /// <summary>What it has used so far; null when it is gone.</summary>
    public ServerSample? Sample()
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = Number(fields[UserTimeField]) + Number(fields[SystemTimeField]);
            return new ServerSample(ticks / TicksPerSecond, Memory("VmRSS:"), Memory("VmHWM:"));
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return null;
        }
    }

    private static bool IsHere(Uri url) => url.IsLoopback
        || (IPAddress.TryParse(url.Host, out var address) && NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Any(own => own.Address.Equals(address)));

    private static HashSet<string> ListeningSockets(int port)
    {
        var end = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        var sockets = new HashSet<string>();
        foreach (var table in Tables.Where(File.Exists))
        {
            foreach (var line in File.ReadLines(table).Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                var isOfPort = fields[LocalAddressField].EndsWith(end, StringComparison.Ordinal);
                if (isOfPort && fields[StateField] == Listening)
                    sockets.Add($"socket:[{fields[InodeField]}]");
            }
        }

        return sockets;
    }

    private static bool Owns(string directory, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFiles(Path.Combine(directory, "fd"))
                .Any(link => new FileInfo(link).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return false;
        }
    }

    // Somebody else's process, or one that has just ended.
    private static bool IsRefusal(Exception e) => e is IOException or UnauthorizedAccessException;

    // In megabytes of 2²⁰ bytes.
    private double Memory(string field)
    {
        var line = File.ReadLines($"/proc/{Id}/status")
            .FirstOrDefault(text => text.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>What a process has used up to a moment.</summary>
/// <param name="CpuSeconds">By the program itself and by the kernel on its behalf.</param>
/// <param name="ResidentMegabytes">Physical memory now.</param>
/// <param name="PeakMegabytes">The most it ever was.</param>
internal readonly record struct ServerSample(double CpuSeconds, double ResidentMegabytes, double PeakMegabytes);
