using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>
/// Machines in network namespaces, joined by a bridge to which this program has access. They can be cut off from each
/// other: packets are lost, and nobody is told so.
/// </summary>
internal sealed class Networks : IDisposable
{
    private const string Prefix = "turnfaults";

    // A hardware address that nobody has: packets to it are lost.
    private const string Nowhere = "02:00:00:00:00:99";
    private const int FirstHost = 10;
    private const int FirstEtcd = 20;

    private readonly string _subnet;
    private readonly string _bridge = string.Create(CultureInfo.InvariantCulture, $"tf{Environment.ProcessId}b");
    private readonly List<(string From, string To)> _cuts = [];
    private readonly HashSet<int> _unplugged = [];
    private bool _isDisposed;

    private Networks(int count, int firstPort)
    {
        // A process's number, so that several runs at a time are unlikely to meet.
        _subnet = string.Create(CultureInfo.InvariantCulture, $"10.231.{Environment.ProcessId % 250}");
        Sites = [.. Enumerable.Range(0, count).Select(i => new Site($"{_subnet}.{FirstHost + i}",
            $"{_subnet}.{FirstEtcd + i}", firstPort, NamespaceOf(i)))];
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>Whether this program may create networks here.</summary>
    public static bool ArePossible => Environment.IsPrivilegedProcess && TryRun("netns", "list") is null;

    public IReadOnlyList<Site> Sites { get; }

    /// <summary>Creates the networks, and removes those of runs that were killed.</summary>
    /// <exception cref="BenchException">They cannot be created.</exception>
    public static Networks Create(int count, int firstPort)
    {
        RemoveForgotten();
        var networks = new Networks(count, firstPort);
        try
        {
            networks.Create();
            return networks;
        }
        catch
        {
            networks.Dispose();
            throw;
        }
    }

    /// <summary>Cuts one machine off from the other machines; players still reach it.</summary>
    public void CutOff(int machine)
    {
        for (var other = 0; other < Sites.Count; other++)
        {
            if (other == machine)
                continue;
            foreach (var (from, to) in new[] { (machine, other), (other, machine) })
            {
                Lose(from, Sites[to].Host);
                Lose(from, Sites[to].EtcdHost);
            }
        }
    }

    /// <summary>Cuts two turn servers off from each other; etcd is not affected.</summary>
    public void CutServers(int one, int other)
    {
        // A machine sends from its etcd's address; see AddMachine.
        Lose(one, Sites[other].Host);
        Lose(other, Sites[one].Host);
    }

    /// <summary>Pulls a machine's plug.</summary>
    public void Unplug(int machine)
    {
        _unplugged.Add(machine);
        Run("link", "set", CableOf(machine), "nomaster");
    }

    /// <summary>Undoes all cuts.</summary>
    public void Heal()
    {
        foreach (var (from, to) in _cuts)
            Run("-n", from, "neigh", "del", to, "dev", "eth0");
        _cuts.Clear();
        foreach (var machine in _unplugged)
            Run("link", "set", CableOf(machine), "master", _bridge);
        _unplugged.Clear();
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        // A namespace lives on while sockets linger in it; without its cable that matters to nobody.
        for (var i = 0; i < Sites.Count; i++)
        {
            TryRun("link", "del", CableOf(i));
            TryRun("netns", "del", NamespaceOf(i));
        }

        TryRun("link", "del", _bridge);
    }

    private static string NamespaceOf(int machine) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{Environment.ProcessId}-{machine}");

    private static string CableOf(int machine) =>
        string.Create(CultureInfo.InvariantCulture, $"tf{Environment.ProcessId}m{machine}");

    private void Create()
    {
        // Without a delay, a port that is plugged in again forwards at once.
        Run("link", "add", _bridge, "type", "bridge", "forward_delay", "0", "stp_state", "0");
        Run("addr", "add", $"{_subnet}.1/24", "dev", _bridge);
        Run("link", "set", _bridge, "up");
        for (var i = 0; i < Sites.Count; i++)
            AddMachine(i);
    }

    private void AddMachine(int machine)
    {
        var (name, cable, site) = (NamespaceOf(machine), CableOf(machine), Sites[machine]);
        Run("netns", "add", name);
        Run("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name);
        Run("link", "set", cable, "master", _bridge);
        Run("link", "set", cable, "up");
        Run("-n", name, "link", "set", "lo", "up");
        // The first address is the one that connections are made from.
        Run("-n", name, "addr", "add", $"{site.EtcdHost}/24", "dev", "eth0");
        Run("-n", name, "addr", "add", $"{site.Host}/24", "dev", "eth0");
        Run("-n", name, "link", "set", "eth0", "up");
    }

    private void Lose(int from, string to)
    {
        Run("-n", NamespaceOf(from), "neigh", "replace", to, "lladdr", Nowhere, "dev", "eth0", "nud", "permanent");
        _cuts.Add((NamespaceOf(from), to));
    }

    private void OnExit(object? sender, EventArgs e) => Dispose();

    private static void RemoveForgotten()
    {
        var folder = new DirectoryInfo("/run/netns");
        if (!folder.Exists)
            return;
        foreach (var name in folder.EnumerateFiles($"{Prefix}-*").Select(file => file.Name))
        {
            var owner = name.Split('-')[1];
            if (Directory.Exists($"/proc/{owner}"))
                continue;
            TryRun("netns", "del", name);
            TryRun("link", "del", $"tf{owner}b");
        }
    }

    private static void Run(params string[] arguments)
    {
        if (TryRun(arguments) is { } fault)
            throw new BenchException($"ip {string.Join(' ', arguments)}: {fault}");
    }

    // Null, or what went wrong.
    private static string? TryRun(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("ip", arguments)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : errors.Trim();
        }
        catch (Win32Exception e)
        {
            return e.Message;
        }
    }
}
