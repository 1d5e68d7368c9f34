using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Load;

/// <summary>The server's process, when it runs on this machine.</summary>
internal sealed class ServerProcess(int id)
{
    // Fields of a line of /proc/net/tcp.
    private const int LocalAddressField = 1;
    private const int StateField = 3;
    private const int InodeField = 9;
    private const string Listening = "0A";

    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    public int Id => id;

    /// <summary>CPU time and memory used so far; null when the process has ended.</summary>
    public ProcessUsage? Usage => ProcessUsage.Of(id);

    /// <summary>Finds the process that listens on the URL's port of this machine; null if none is visible.</summary>
    public static ServerProcess? Find(Uri url)
    {
        if (!OperatingSystem.IsLinux() || !IsThisMachine(url))
            return null;
        var port = string.Create(CultureInfo.InvariantCulture, $":{url.Port:X4}");
        var sockets = Tables.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[LocalAddressField].EndsWith(port, StringComparison.Ordinal)
                && fields[StateField] == Listening)
            .Select(fields => $"socket:[{fields[InodeField]}]").ToHashSet();
        var directory = Directory.EnumerateDirectories("/proc").FirstOrDefault(directory =>
            int.TryParse(Path.GetFileName(directory), out _) && HasOneOf(sockets, directory));
        return directory is null ? null : new ServerProcess(int.Parse(Path.GetFileName(directory),
            CultureInfo.InvariantCulture));
    }

    private static bool IsThisMachine(Uri url) => url.IsLoopback
        || (IPAddress.TryParse(url.Host, out var address) && NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Any(own => own.Address.Equals(address)));

    private static bool HasOneOf(HashSet<string> sockets, string directory)
    {
        try
        {
            return Directory.EnumerateFiles(Path.Combine(directory, "fd"))
                .Any(link => new FileInfo(link).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's process, or one that has just ended.
            return false;
        }
    }
}
