using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>A server that is fuzzed, and how it bears it.</summary>
internal sealed partial class FuzzedServer : IAsyncDisposable
{
    // Half requests and those registered by whole ones are to be gone soon.
    private static readonly string[] Flags = ["--body-timeout", "2", "--pairing-timeout", "2"];

    private readonly int _adminPort;

    private FuzzedServer(ServerChild child, int adminPort)
    {
        Child = child;
        _adminPort = adminPort;
    }

    public ServerChild Child { get; }

    public static async Task<FuzzedServer> StartAsync()
    {
        var adminPort = Ports.Next();
        return new FuzzedServer(await ServerChild.StartAsync([.. Flags, "--admin-port", $"{adminPort}"]), adminPort);
    }

    /// <summary>What its log tells of a bug, or that it has ended; null when it is well.</summary>
    public string? FindBug()
    {
        var errors = Child.Errors;
        var bad = errors.Split('\n').FirstOrDefault(line => line.Length > 0 && !HarmlessLine().IsMatch(line));
        return bad is not null ? $"the server says: {bad}"
            : Child.HasExited ? $"the server has ended, and said: {errors}"
            : null;
    }

    /// <summary>The same; and null only when it still answers.</summary>
    public async Task<string?> FindBugOrSilenceAsync()
    {
        try
        {
            if (FindBug() is { } bug)
                return bug;
            await using var client = await RawHttp.ConnectAsync(Child.Port);
            var reply = await client.GetAsync("GET /healthz HTTP/1.1");
            return FindBug() ?? (reply.Body == "ok" ? null : $"/healthz says {reply.Status} {reply.Body}");
        }
        catch (Exception e) when (e is IOException or TimeoutException or System.Net.Sockets.SocketException
            or OperationCanceledException)
        {
            return FindBug() ?? $"/healthz does not answer: {e.Message}";
        }
    }

    /// <summary>Open connections, requests that are being answered, and sockets.</summary>
    public async Task<(double Connections, double InProgress, int Sockets)> CountAsync()
    {
        var scrape = await Scrape.GetAsync(_adminPort);
        return (scrape["turnserver_connections"], scrape["turnserver_requests_in_progress"], Child.Sockets);
    }

    public ValueTask DisposeAsync() => Child.DisposeAsync();

    [GeneratedRegex(@"\A\S+ (?:trace|debug|info|warning): ")]
    private static partial Regex HarmlessLine();
}
