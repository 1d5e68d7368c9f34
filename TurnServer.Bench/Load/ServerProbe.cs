using System.Globalization;
using System.Text;
using TurnServer.Bench.Load.Statistics;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load;

/// <summary>Requests of a load test beside those of its players: whether a turn server answers, and how fast.</summary>
internal sealed class ServerProbe(HttpMessageInvoker http, Uri url)
{
    // Often enough for statistics, too seldom to be load.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly Latencies _compute = new();

    /// <summary>Time of requests inside the server; null when <c>GET /</c> reported none.</summary>
    public LatencySummary? SummarizeCompute()
    {
        var summary = _compute.Summarize();
        return summary.Count == 0 ? null : summary;
    }

    /// <summary>Checks that a turn server answers.</summary>
    /// <exception cref="BenchException">It does not.</exception>
    public async Task CheckAsync(CancellationToken stop)
    {
        // An unknown key: a turn server says so, and nothing changes.
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"1,*,{ProtocolLimits.KeyEnd},*,*"))),
        };
        try
        {
            var body = await AskAsync(request, stop);
            if (!ServerReply.TryParse(body, wasHeld: false, out var reply) || reply.Error != ErrorCode.NotRegistered)
                throw new BenchException($"{url} answers, but is not a turn server");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new BenchException($"cannot reach {url}: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            throw new BenchException(stop.IsCancellationRequested
                ? "stopped before it began"
                : $"cannot reach {url}: no answer within {Timeout.TotalSeconds} s");
        }
    }

    /// <summary>Samples the time that the last POST took inside the server, until stopped.</summary>
    public async Task SampleAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (await ComputeAsync(stop) is { } seconds)
                    _compute.Record(TimeSpan.FromSeconds(seconds));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The run has ended.
        }
    }

    private async Task<double?> ComputeAsync(CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, "/"));
            var body = await AskAsync(request, stop);
            return double.TryParse(Encoding.ASCII.GetString(body), NumberStyles.Float, CultureInfo.InvariantCulture,
                out var seconds) && seconds is >= 0 and < 3600 ? seconds : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException
            || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return null;
        }
    }

    private async Task<byte[]> AskAsync(HttpRequestMessage request, CancellationToken stop)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(Timeout);
        using var response = await http.SendAsync(request, timeout.Token);
        return await response.Content.ReadAsByteArrayAsync(timeout.Token);
    }
}
