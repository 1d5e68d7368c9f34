using System.Globalization;

namespace TurnServer.Bench.Processes;

/// <summary>Reads single values from a server's <c>/metrics</c>.</summary>
internal static class MetricsPage
{
    /// <summary>The value of a series without labels.</summary>
    /// <exception cref="BenchException">The admin port does not answer, or the page has no such series.</exception>
    public static async Task<double> ReadAsync(HttpClient http, int adminPort, string series,
        CancellationToken cancel = default)
    {
        try
        {
            var page = await http.GetStringAsync(new Uri($"http://127.0.0.1:{adminPort}/metrics"), cancel);
            var line = page.Split('\n').FirstOrDefault(line => line.StartsWith($"{series} ", StringComparison.Ordinal))
                ?? throw new BenchException($"the metrics have no {series}");
            return double.Parse(line.AsSpan(series.Length + 1), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new BenchException($"the server's admin port {adminPort} does not answer: {e.Message}");
        }
    }
}
