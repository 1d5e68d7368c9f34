using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Client;

/// <summary>With whom a player is paired.</summary>
/// <param name="IsHost">Whether this player hosts: it was the one whose request made the pair.</param>
/// <param name="Partner">The partner's name.</param>
public readonly record struct Pairing(bool IsHost, string Partner);

/// <summary>
/// The player's side of the protocol, up to the game: register, pair, load, play (PROTOCOL.md). One instance is one
/// player and takes one step at a time. Each step asks until the server answers, and comes back with what it gave or
/// with the <see cref="TurnFault"/> that says what to do; it throws only what cancellation throws, and
/// InvalidOperationException to who has not registered.
/// </summary>
/// <example>
/// <code>
/// using var http = TurnClient.CreateHttp();
/// var player = new TurnClient(http, new Uri("http://localhost:8080/"));
/// if (await player.RegisterAsync("Ann") is { } refused)
///     return refused.Meaning;
/// var pairing = await player.PairAsync();         // waits until somebody comes
/// await player.LoadAsync();
/// await using var game = (await player.PlayAsync()).Value;
/// await game.SendAsync("e2-e4"u8.ToArray());
/// await foreach (var turn in game.ReceiveAsync())
///     await game.PostAsync(Answer(turn));
/// </code>
/// </example>
public sealed class TurnClient
{
    /// <summary>How long a token is that <see cref="CreateToken"/> draws.</summary>
    internal const int TokenLength = 22;

    private const int TokenBytes = 16;

    private readonly RequestSender _sender;
    private readonly TurnClientOptions _options;
    private string _key = "";
    private Pairing _pairing;

    /// <summary>A player that is not registered yet.</summary>
    /// <param name="http">What carries the requests; <see cref="CreateHttp"/> makes one that suits. Players may share
    /// it.</param>
    /// <param name="url">The server. The path does not matter, unless to a proxy before it.</param>
    /// <param name="options">How to ask, wait and repeat.</param>
    /// <exception cref="ArgumentException">The URL is not of http or https, or has a user name in it.</exception>
    public TurnClient(HttpMessageInvoker http, Uri url, TurnClientOptions? options = null)
    {
        if (ServerUrl.FindFault(url) is { } whatIsWrong)
            throw new ArgumentException(whatIsWrong, nameof(url));
        _options = options ?? new TurnClientOptions();
        _sender = new RequestSender(http, url, _options);
    }

    /// <summary>
    /// An HttpClient without what hurts here: a timeout of its own, which would end held replies; redirects, which turn
    /// a POST into a GET; cookies.
    /// </summary>
    public static HttpClient CreateHttp() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // The server closes what is idle for 15 s: rather than meet that moment, let go first.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>A registration token nobody guesses (PROTOCOL.md, "Pairing").</summary>
    public static string CreateToken() =>
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));

    /// <summary>
    /// The token of the last registration: who keeps it until the game begins, and registers with it again, comes back
    /// to the same place in the line. To be used by one player at a time. Null before the first.
    /// </summary>
    public string? Token { get; private set; }

    /// <summary>Enters the waiting line.</summary>
    /// <param name="name">
    /// 1 to 64 characters, no control characters, no comma; sent as <see cref="PlayerName.Normalize"/> has it.
    /// </param>
    /// <param name="partner">The name of the only partner wanted, likewise; null takes whoever comes.</param>
    /// <param name="token">
    /// Makes registering again give the same registration, as long as that is there: who keeps it can come back after a
    /// crash. Null draws one, which is in <see cref="Token"/> then.
    /// </param>
    /// <param name="hasLongTimeout">Asks for the server's long timeout, for debugging.</param>
    /// <param name="cancel">Ends it at once.</param>
    public async Task<TurnFault?> RegisterAsync(string name, string? partner = null, string? token = null,
        bool hasLongTimeout = false, CancellationToken cancel = default)
    {
        name = PlayerName.Normalize(name);
        partner = partner is null ? null : PlayerName.Normalize(partner);
        // A comma cannot be in a name: the server would count it as a field more.
        if (name.Contains(','))
            return TurnFault.Of(ErrorCode.RegisterFail, null);
        if (partner is "*" || partner?.Contains(',') == true)
            return TurnFault.Of(ErrorCode.BadPartnerName, null);
        var timeout = hasLongTimeout ? "bibbybabbis" : "*";
        Token = token ?? CreateToken();
        var outcome = await AskAsync($"0,{name},{timeout},{partner ?? "*"},{Token}", TimeSpan.Zero, cancel);
        if (outcome.Fault is not null)
            return outcome.Fault;
        _key = Text(outcome.Reply);
        return null;
    }

    /// <summary>
    /// Waits for a partner, for as long as it takes. May be asked again at any time before the game.
    /// </summary>
    public async Task<TurnResult<Pairing>> PairAsync(CancellationToken cancel = default)
    {
        var outcome = await AskUntilNewsAsync(Symbol.RequestPair, ReplyCode.Pairing, cancel);
        if (outcome.Fault is not null)
            return outcome.Fault;
        _pairing = new Pairing(outcome.Reply.Code == ReplyCode.StartServer, Text(outcome.Reply));
        return _pairing;
    }

    /// <summary>Tells the server that this player loads.</summary>
    public async Task<TurnFault?> LoadAsync(CancellationToken cancel = default) =>
        (await AskAsync(Request(Symbol.MapInit), TimeSpan.Zero, cancel)).Fault;

    /// <summary>Tells the server that this player is ready, and waits until the partner is too.</summary>
    public async Task<TurnResult<TurnGame>> PlayAsync(CancellationToken cancel = default)
    {
        var outcome = await AskUntilNewsAsync(Symbol.MapReady, ReplyCode.PartnerLoad, cancel);
        if (outcome.Fault is not null)
            return outcome.Fault;
        var seat = Text(outcome.Reply).Split('|');
        return new TurnGame(_sender, _options, _pairing, seat[0], seat[^1]);
    }

    /// <summary>
    /// Gives the registration up, and the game with it as long as this player has not sent or received anything in it.
    /// </summary>
    public async Task<TurnFault?> UnregisterAsync(CancellationToken cancel = default)
    {
        var outcome = await AskAsync(Request(Symbol.Unregister), TimeSpan.Zero, cancel);
        // It may have gone with an attempt whose reply was lost.
        return outcome.Fault is { Kind: TurnFaultKind.RegistrationGone } ? null : outcome.Fault;
    }

    private static string Text(in ServerReply reply) => Encoding.UTF8.GetString(reply.Data.Span);

    private string Request(Symbol symbol) => _key.Length > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)symbol},*,{_key},*,*")
        : throw new InvalidOperationException("Register first.");

    private Task<RequestOutcome> AskAsync(string body, TimeSpan wait, CancellationToken cancel) =>
        _sender.AskAsync(new OutgoingRequest(Encoding.UTF8.GetBytes(body), wait), cancel);

    private async Task<RequestOutcome> AskUntilNewsAsync(Symbol symbol, ReplyCode noNews,
        CancellationToken cancel)
    {
        while (true)
        {
            var askedAt = _options.Time.GetTimestamp();
            var outcome = await AskAsync(Request(symbol), _options.Wait, cancel);
            if (outcome.Fault is not null || outcome.Reply.Code != noNews)
                return outcome;
            // The server does not hold replies; or another client asks for this player, and each answers the other's.
            var pause = _options.PollInterval - _options.Time.GetElapsedTime(askedAt);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, _options.Time, cancel);
        }
    }
}
