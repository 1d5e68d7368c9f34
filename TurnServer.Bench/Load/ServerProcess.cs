using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Load;

/// <summary>The process that listens on a port of this machine.</summary>
internal sealed class ServerProcess
{
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
    public ProcessUsage? Sample() => ProcessUsage.Of(Id);

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
}
