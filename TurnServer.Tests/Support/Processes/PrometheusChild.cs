using System.Diagnostics;
using System.Text.Json;
using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Support;

/// <summary>A real Prometheus with its own configuration and an empty database.</summary>
internal sealed class PrometheusChild : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder;
    private readonly ChildProcess _process;
    private readonly HttpClient _client;

    private PrometheusChild(TempFolder folder, ChildProcess process, int port)
    {
        _folder = folder;
        _process = process;
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}/"),
        };
    }

    /// <summary>Starts Prometheus on a free port.</summary>
    public static async Task<PrometheusChild> StartAsync(string program, string configuration)
    {
        var folder = new TempFolder("turnserver-prometheus-");
        var file = folder.PathOf("prometheus.yml");
        await File.WriteAllTextAsync(file, configuration);
        var port = Ports.Next();
        var process = ChildProcess.Start(new ProcessStartInfo(program,
        [
            $"--config.file={file}", $"--storage.tsdb.path={folder.PathOf("data")}",
            $"--web.listen-address=127.0.0.1:{port}",
        ])
        { RedirectStandardError = true });
        return new PrometheusChild(folder, process, port);
    }

    /// <summary>Queries until an expression has exactly one value, and returns it.</summary>
    public async Task<string> WaitForAsync(string expression)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await QueryAsync(expression) is { } value)
                return value;
            if (_process.HasExited)
                Assert.Fail($"Prometheus exited: {_process.Errors}");
            if (Stopwatch.GetElapsedTime(startedAt) > Timeout)
                Assert.Fail($"Timed out waiting for {expression}.");
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    // Null while Prometheus is starting or has no such series.
    private async Task<string?> QueryAsync(string expression)
    {
        try
        {
            using var reply = await _client.GetAsync($"api/v1/query?query={Uri.EscapeDataString(expression)}");
            if (!reply.IsSuccessStatusCode)
                return null;
            using var json = JsonDocument.Parse(await reply.Content.ReadAsStreamAsync());
            var result = json.RootElement.GetProperty("data").GetProperty("result");
            return result.GetArrayLength() == 1 ? result[0].GetProperty("value")[1].GetString() : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
