using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>A server under fuzzing, and its health.</summary>
internal sealed partial class FuzzedServer : IAsyncDisposable
{
    // Incomplete requests and registered players time out soon.
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

    /// <summary>A bug reported in the log, or an exit; null if there is none.</summary>
    public string? FindBug()
    {
        var errors = Child.Errors;
        var bad = errors.Split('\n').FirstOrDefault(line => line.Length > 0 && !HarmlessLine().IsMatch(line));
        return bad is not null ? $"the server logged: {bad}"
            : Child.HasExited ? $"the server has exited: {errors}"
            : null;
    }

    /// <summary>As <see cref="FindBug"/>, or that the server does not answer.</summary>
    public async Task<string?> FindBugOrSilenceAsync()
    {
        try
        {
            if (FindBug() is { } bug)
                return bug;
            await using var client = await RawHttp.ConnectAsync(Child.Port);
            var reply = await client.GetAsync("GET /healthz HTTP/1.1");
            return FindBug() ?? (reply.Body == "ok" ? null : $"/healthz returned {reply.Status} {reply.Body}");
        }
        catch (Exception e) when (e is IOException or TimeoutException or System.Net.Sockets.SocketException
            or OperationCanceledException)
        {
            return FindBug() ?? $"/healthz does not answer: {e.Message}";
        }
    }

    /// <summary>Open connections, requests in progress, and sockets.</summary>
    public async Task<(double Connections, double InProgress, int Sockets)> CountAsync()
    {
        var scrape = await Scrape.GetAsync(_adminPort);
        return (scrape["turnserver_connections"], scrape["turnserver_requests_in_progress"], Child.Sockets);
    }

    public ValueTask DisposeAsync() => Child.DisposeAsync();

    [GeneratedRegex(@"\A\S+ (?:trace|debug|info|warning): ")]
    private static partial Regex HarmlessLine();
}
