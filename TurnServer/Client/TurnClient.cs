using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>A pair of players, as one of them sees it.</summary>
/// <param name="IsHost">Whether this player hosts: its request made the pair.</param>
/// <param name="Partner">The partner's name.</param>
public readonly record struct Pairing(bool IsHost, string Partner);

/// <summary>Players who wait in a pool for any partner.</summary>
/// <param name="Count">How many they are.</param>
/// <param name="FirstWaits">For how long the first of them has waited, in whole seconds; zero if nobody waits.</param>
public readonly record struct WaitingPlayers(int Count, TimeSpan FirstWaits);

/// <summary>
/// The player's side of the protocol, up to the game: register, pair, load, play (PROTOCOL.md). An instance is one
/// player; its methods are called one at a time. Each repeats its request until the server answers, and returns the
/// result or a <see cref="TurnFault"/> that says what to do. They throw only on cancellation, and
/// InvalidOperationException before registration.
/// </summary>
/// <example>
/// <code>
/// using var http = TurnClient.CreateHttp();
/// var player = new TurnClient(http, new Uri("http://localhost:8080/"));
/// if (await player.RegisterAsync("Ann") is { } refused)
///     return refused.Meaning;
/// var pairing = await player.PairAsync();         // waits for a partner
/// await player.LoadAsync();
/// await using var game = (await player.PlayAsync()).Value;
/// await game.SendAsync("e2-e4"u8.ToArray());
/// await foreach (var turn in game.ReceiveAsync())
///     await game.PostAsync(Answer(turn));
/// </code>
/// </example>
public sealed class TurnClient
{
    /// <summary>The length of a token from <see cref="CreateToken"/>.</summary>
    internal const int TokenLength = 22;

    private const int TokenBytes = 16;

    private readonly HttpMessageInvoker _http;
    private readonly RequestSender _sender;
    private readonly Uri _url;
    private readonly TurnClientOptions _options;
    private string _key = "";
    private Pairing _pairing;

    /// <summary>Creates a player that is not registered yet.</summary>
    /// <param name="http">
    /// Sends the requests, or opens the WebSocket; see <see cref="CreateHttp"/>. Players may share it.
    /// </param>
    /// <param name="url">
    /// The server's URL; with ws:// or wss:// the player and its game use one WebSocket, which is opened again whenever
    /// it is lost. Only a proxy in front of the server looks at the path.
    /// </param>
    /// <param name="options">Timeouts and intervals; null: the defaults.</param>
    /// <exception cref="ArgumentException">
    /// The URL does not begin with http://, https://, ws:// or wss://, or contains a user name.
    /// </exception>
    public TurnClient(HttpMessageInvoker http, Uri url, TurnClientOptions? options = null)
        : this(http, url, options ?? new TurnClientOptions(), null)
    {
    }

    /// <param name="transport">Carries the requests; null: what the URL asks for.</param>
    internal TurnClient(HttpMessageInvoker http, Uri url, TurnClientOptions options, IRequestTransport? transport)
    {
        if (ServerUrl.FindFault(url) is { } whatIsWrong)
            throw new ArgumentException(whatIsWrong, nameof(url));
        _options = options;
        _http = http;
        _url = url;
        _sender = new RequestSender(transport ?? CreateTransport(http, url, options), options);
    }

    /// <summary>
    /// Creates an HttpClient that suits the protocol: without a timeout, which would end held replies; without
    /// redirects, which turn a POST into a GET; without cookies.
    /// </summary>
    public static HttpClient CreateHttp() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // The server closes connections that are idle for 15 s: close them before, to avoid the race.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Draws a random registration token (PROTOCOL.md, "Pairing").</summary>
    public static string CreateToken() =>
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));

    /// <summary>
    /// The token of the last registration; null before the first. Registering with it again before the game begins,
    /// even from another process, keeps the place in the queue. Only one player may use it at a time.
    /// </summary>
    public string? Token { get; private set; }

    /// <summary>Registers this player to wait for a partner.</summary>
    /// <param name="name">
    /// 1 to 64 characters, no control characters, no comma; sent as <see cref="PlayerName.Normalize"/> returns it.
    /// </param>
    /// <param name="partner">The name of the only partner wanted; null: any partner.</param>
    /// <param name="token">
    /// A token that was used before returns the same registration, if the server still has it: a player that stores it
    /// can resume after a crash. Null draws one; see <see cref="Token"/>.
    /// </param>
    /// <param name="pool">
    /// The pool to be paired in: 1 to 32 visible ASCII characters other than <c>,</c> and <c>#</c>; null: none.
    /// </param>
    /// <param name="hasLongTimeout">Asks for the server's long pairing timeout, for debugging.</param>
    /// <param name="cancel">Cancels at once.</param>
    public async Task<TurnFault?> RegisterAsync(string name, string? partner = null, string? token = null,
        string? pool = null, bool hasLongTimeout = false, CancellationToken cancel = default)
    {
        name = PlayerName.Normalize(name);
        partner = partner is null ? null : PlayerName.Normalize(partner);
        // The server would take a comma for the start of another field.
        if (name.Contains(','))
            return TurnFault.Of(ErrorCode.RegisterFail, null);
        if (partner is "*" || partner?.Contains(',') == true)
            return TurnFault.Of(ErrorCode.BadPartnerName, null);
        if (pool is not null && !IsPool(pool))
            return InvalidPool;
        var key = (hasLongTimeout ? "bibbybabbis" : "*") + (pool is null ? "" : $"#{pool}");
        Token = token ?? CreateToken();
        var outcome = await SendAsync($"0,{name},{key},{partner ?? "*"},{Token}", TimeSpan.Zero, cancel);
        if (outcome.Fault is not null)
            return outcome.Fault;
        _key = Text(outcome.Reply);
        return null;
    }

    /// <summary>
    /// How many players wait in a pool for any partner, and for how long the first has (PROTOCOL.md, "Pools"). Asks
    /// once, and needs no registration. Through a proxy, the URL must end with a slash and lead to the server's root.
    /// </summary>
    /// <param name="pool">The pool, as in <see cref="RegisterAsync"/>.</param>
    /// <param name="cancel">Cancels at once.</param>
    public async Task<TurnResult<WaitingPlayers>> GetWaitingAsync(string? pool = null,
        CancellationToken cancel = default) =>
        pool is not null && !IsPool(pool)
            ? InvalidPool
            : await WaitingQuery.AskAsync(_http, _url, _options, pool, cancel);

    /// <summary>
    /// Waits for a partner, without a timeout. May be called again at any time before the game.
    /// </summary>
    public async Task<TurnResult<Pairing>> PairAsync(CancellationToken cancel = default)
    {
        var outcome = await SendUntilNewsAsync(Symbol.RequestPair, ReplyCode.Pairing, cancel);
        if (outcome.Fault is not null)
            return outcome.Fault;
        _pairing = new Pairing(outcome.Reply.Code == ReplyCode.StartServer, Text(outcome.Reply));
        return _pairing;
    }

    /// <summary>Tells the server that this player is loading.</summary>
    public async Task<TurnFault?> LoadAsync(CancellationToken cancel = default) =>
        (await SendAsync(Request(Symbol.MapInit), TimeSpan.Zero, cancel)).Fault;

    /// <summary>Tells the server that this player is ready, and waits until the partner is.</summary>
    public async Task<TurnResult<TurnGame>> PlayAsync(CancellationToken cancel = default)
    {
        var outcome = await SendUntilNewsAsync(Symbol.MapReady, ReplyCode.PartnerLoad, cancel);
        if (outcome.Fault is not null)
            return outcome.Fault;
        var seat = Text(outcome.Reply).Split('|');
        return new TurnGame(_sender, _url, _options, _pairing, seat[0], seat[^1]);
    }

    /// <summary>
    /// Gives up the registration, and the game with it if this player has neither sent nor received anything in it.
    /// </summary>
    public async Task<TurnFault?> UnregisterAsync(CancellationToken cancel = default)
    {
        var outcome = await SendAsync(Request(Symbol.Unregister), TimeSpan.Zero, cancel);
        // An earlier attempt may have ended it, and its reply was lost.
        return outcome.Fault is { Kind: TurnFaultKind.RegistrationGone } ? null : outcome.Fault;
    }

    /// <summary>Carries requests as the URL says.</summary>
    internal static IRequestTransport CreateTransport(HttpMessageInvoker http, Uri url, TurnClientOptions options) =>
        ServerUrl.IsWebSocket(url)
            ? new SocketTransport(http, url, options.ReplyTimeout, options.Time)
            : new HttpTransport(http, url);

    /// <summary>Whether this may name a pool (PROTOCOL.md, "Pools").</summary>
    internal static bool IsPool(string name) => RequestParser.IsPool(Encoding.UTF8.GetBytes(name));

    private static TurnFault InvalidPool { get; } = new(TurnFaultKind.InvalidRequest, "invalid pool: 1 to "
        + $"{ProtocolLimits.PoolCharactersMax} visible ASCII characters, no comma and no #",
        ErrorCode.PostDataFormat, (byte)FormatFault.Key);

    private static string Text(in ServerReply reply) => Encoding.UTF8.GetString(reply.Data.Span);

    private string Request(Symbol symbol) => _key.Length > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)symbol},*,{_key},*,*")
        : throw new InvalidOperationException("Register first.");

    private Task<RequestOutcome> SendAsync(string body, TimeSpan wait, CancellationToken cancel) =>
        _sender.SendAsync(new OutgoingRequest(Encoding.UTF8.GetBytes(body), wait), cancel);

    private async Task<RequestOutcome> SendUntilNewsAsync(Symbol symbol, ReplyCode noNews,
        CancellationToken cancel)
    {
        while (true)
        {
            var sentAt = _options.Time.GetTimestamp();
            var outcome = await SendAsync(Request(symbol), _options.HeldWait, cancel);
            if (outcome.Fault is not null || outcome.Reply.Code != noNews)
                return outcome;
            // The server does not hold replies, or a second client of this player answers this one's held reply.
            var pause = _options.PollInterval - _options.Time.GetElapsedTime(sentAt);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, _options.Time, cancel);
        }
    }
}
