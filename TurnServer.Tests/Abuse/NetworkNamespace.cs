using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// A network namespace joined to this machine by a veth pair. Deleting the pair makes its clients vanish without a
/// packet, as a phone does in a tunnel. One thread runs in the namespace; sockets that it opens stay there. Ends with
/// this process. Needs root.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    private const int NewNetwork = 0x4000_0000;

    // From the range reserved for network benchmarks (RFC 2544).
    private static readonly string Network = $"198.18.{Environment.ProcessId % 256}";
    private static readonly string NearEnd = $"near{Environment.ProcessId}";
    private static readonly string FarEnd = $"far{Environment.ProcessId}";

    private readonly string _ip;
    private readonly Thread _thread;
    private readonly BlockingCollection<Action> _work = [];

    private NetworkNamespace(string ip)
    {
        _ip = ip;
        _thread = new Thread(Work) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>This machine's address in the namespace.</summary>
    public static IPAddress Address { get; } = IPAddress.Parse($"{Network}.1");

    /// <summary>Creates the namespace; skips the test where that is not allowed.</summary>
    public static async Task<NetworkNamespace> CreateAsync()
    {
        var network = new NetworkNamespace(Tool.Require("ip", "iproute2"));
        try
        {
            var thread = await network.RunAsync(() => Unshare(NewNetwork) == 0
                ? GetThread()
                : throw new Win32Exception(Marshal.GetLastPInvokeError()));
            await network.IpAsync($"link add {NearEnd} type veth peer name {FarEnd} netns {thread}");
            await network.IpAsync($"addr add {Network}.1/30 dev {NearEnd}");
            await network.IpAsync($"link set {NearEnd} up");
            // A child process runs in the namespace of the thread that starts it.
            foreach (var command in new[] { $"addr add {Network}.2/30 dev {FarEnd}", $"link set {FarEnd} up" })
                await await network.RunAsync(() => network.IpAsync(command));
            return network;
        }
        catch (Win32Exception e)
        {
            network.Dispose();
            Tool.SkipOrFail($"Cannot create a network namespace ({e.Message}): this needs root.");
            throw;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Runs a function in the namespace.</summary>
    public Task<T> RunAsync<T>(Func<T> action)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                result.SetResult(action());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        return result.Task;
    }

    /// <summary>Deletes the veth pair: from now on no packet passes.</summary>
    public Task DisconnectAsync() => IpAsync($"link delete {NearEnd}");

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
        // Fails if it was deleted or never created.
        _ = Tool.RunAsync(_ip, "link", "delete", NearEnd).GetAwaiter().GetResult();
    }

    private void Work()
    {
        foreach (var action in _work.GetConsumingEnumerable())
            action();
    }

    private async Task IpAsync(string arguments)
    {
        var (exitCode, _, errors) = await Tool.RunAsync(_ip, arguments.Split(' '));
        if (exitCode != 0)
            throw new Win32Exception($"ip {arguments}: {errors.Trim()}");
    }

    [DllImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static extern int Unshare(int flags);

    [DllImport("libc", EntryPoint = "gettid")]
    private static extern int GetThread();
}
