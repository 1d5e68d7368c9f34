using System.Diagnostics;
using System.Text.Json;
using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Support;

/// <summary>A real Prometheus with a configuration and an empty store of its own.</summary>
internal sealed class PrometheusChild : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder;
    private readonly ChildProcess _process;
    private readonly HttpClient _client;

    private PrometheusChild(DirectoryInfo folder, ChildProcess process, int port)
    {
        _folder = folder;
        _process = process;
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}/"),
        };
    }

    /// <summary>Starts it on a free port of this machine.</summary>
    public static async Task<PrometheusChild> StartAsync(string program, string configuration)
    {
        var folder = Directory.CreateTempSubdirectory();
        var file = Path.Combine(folder.FullName, "prometheus.yml");
        await File.WriteAllTextAsync(file, configuration);
        var port = Ports.Next();
        var process = ChildProcess.Start(new ProcessStartInfo(program,
        [
            $"--config.file={file}", $"--storage.tsdb.path={Path.Combine(folder.FullName, "data")}",
            $"--web.listen-address=127.0.0.1:{port}",
        ])
        { RedirectStandardError = true });
        return new PrometheusChild(folder, process, port);
    }

    /// <summary>Asks until this expression has one value, and returns it as Prometheus writes it.</summary>
    public async Task<string> UntilAsync(string expression)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await QueryAsync(expression) is { } value)
                return value;
            if (_process.HasExited)
                Assert.Fail($"Prometheus ended: {_process.Errors}");
            if (Stopwatch.GetElapsedTime(startedAt) > Patience)
                Assert.Fail($"Prometheus never came to know {expression}.");
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // Null while it is starting, or has no such series.
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
