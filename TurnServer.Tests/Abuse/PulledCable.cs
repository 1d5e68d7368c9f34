using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// A network of its own, joined to this machine by a cable that can be pulled: its clients are then gone without a
/// word, as a phone is in a tunnel. One thread lives in it, and what that opens stays in it. It is gone with this
/// process. Needs root.
/// </summary>
internal sealed class PulledCable : IDisposable
{
    private const int NewNetwork = 0x4000_0000;

    // Of the range that is set aside for tests of networks (RFC 2544).
    private static readonly string Network = $"198.18.{Environment.ProcessId % 256}";
    private static readonly string NearEnd = $"near{Environment.ProcessId}";
    private static readonly string FarEnd = $"far{Environment.ProcessId}";

    private readonly string _ip;
    private readonly Thread _thread;
    private readonly BlockingCollection<Action> _work = [];

    private PulledCable(string ip)
    {
        _ip = ip;
        _thread = new Thread(Work) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>This machine, as it is reached from there.</summary>
    public static IPAddress Address { get; } = IPAddress.Parse($"{Network}.1");

    /// <summary>Lays the cable; ends the test where that is not allowed.</summary>
    public static async Task<PulledCable> LayAsync()
    {
        var cable = new PulledCable(Tool.Require("ip", "iproute2"));
        try
        {
            var thread = await cable.RunAsync(() => Unshare(NewNetwork) == 0
                ? GetThread()
                : throw new Win32Exception(Marshal.GetLastPInvokeError()));
            await cable.IpAsync($"link add {NearEnd} type veth peer name {FarEnd} netns {thread}");
            await cable.IpAsync($"addr add {Network}.1/30 dev {NearEnd}");
            await cable.IpAsync($"link set {NearEnd} up");
            // A child has the network of the thread that starts it.
            foreach (var there in new[] { $"addr add {Network}.2/30 dev {FarEnd}", $"link set {FarEnd} up" })
                await await cable.RunAsync(() => cable.IpAsync(there));
            return cable;
        }
        catch (Win32Exception e)
        {
            cable.Dispose();
            Tool.SkipOrFail($"No network can be made here ({e.Message}): this needs root.");
            throw;
        }
        catch
        {
            cable.Dispose();
            throw;
        }
    }

    /// <summary>Does this in that network.</summary>
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

    /// <summary>Pulls the cable: from now on nothing passes.</summary>
    public Task PullAsync() => IpAsync($"link delete {NearEnd}");

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
        // It may have been pulled, or never laid.
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
