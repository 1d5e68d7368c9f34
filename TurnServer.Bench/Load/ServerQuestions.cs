using System.Globalization;
using System.Text;
using TurnServer.Bench.Load.Statistics;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Bench.Load;

/// <summary>What a load test asks the server beside playing.</summary>
internal sealed class ServerQuestions(HttpMessageInvoker http, Uri url)
{
    // A few times a second: to know more would be load of its own.
    private static readonly TimeSpan ComputeInterval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Latencies _compute = new();

    /// <summary>What <c>GET /</c> told; null when it told nothing.</summary>
    public LatencySummary? SummarizeCompute()
    {
        var summary = _compute.Summarize();
        return summary.Count == 0 ? null : summary;
    }

    /// <summary>Null when a turn server answers; else what is wrong.</summary>
    public async Task<string?> CheckAsync(CancellationToken stop)
    {
        // Nobody's key: a turn server says so, and nothing changes.
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"1,*,{ProtocolLimits.KeyEnd},*,*"))),
        };
        try
        {
            var body = await AskAsync(request, stop);
            return ServerReply.TryParse(body, wasHeld: false, out var reply) && reply.Error == ErrorCode.NotRegistered
                ? null
                : $"{url} answers, but not as a turn server does";
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return $"{url} cannot be reached: {e.Message}";
        }
        catch (OperationCanceledException)
        {
            return stop.IsCancellationRequested
                ? "stopped before it began"
                : $"{url} cannot be reached: no answer within {Patience.TotalSeconds} s";
        }
    }

    /// <summary>Asks what the last POST took inside the server, again and again.</summary>
    public async Task ProbeAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(ComputeInterval);
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
            // That is how it ends.
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
        timeout.CancelAfter(Patience);
        using var response = await http.SendAsync(request, timeout.Token);
        return await response.Content.ReadAsByteArrayAsync(timeout.Token);
    }
}
