using System;
using System.Threading;
using System.Threading.Tasks;

namespace TurnServer.Client
{
    /// <summary>
    /// The player's side of the protocol, up to the game: register, pair, load, play (PROTOCOL.md). An instance is one
    /// player; its methods are called one at a time, on the main thread. Each repeats its request until the server
    /// answers, and returns the result or a <see cref="TurnFault"/> that says what to do. They throw only on
    /// cancellation, and InvalidOperationException before registration or if the project's settings forbid http://.
    /// </summary>
    /// <remarks>
    /// Nothing uses a thread or a timer: replies and frames drive everything, and what awaits a task continues within
    /// the call that completes it. So a turn that the game sends as soon as it has read one travels with the request
    /// for the next.
    /// </remarks>
    public sealed class TurnClient
    {
        private const int NoPartnerYet = 2;
        private const int Host = 3;
        private const int PartnerLoads = 7;
        private const int MalformedRequest = 4;
        private const int InvalidName = 7;
        private const int InvalidPartner = 16;

        private readonly RequestSender _sender;
        private readonly TurnOptions _options;
        private string _key;
        private Pairing _pairing;

        /// <summary>Creates a player that is not registered yet.</summary>
        /// <param name="url">The server's URL. Only a proxy in front of it looks at the path.</param>
        /// <param name="transport">Sends the requests. Players may share it.</param>
        /// <param name="options">Timeouts and intervals; null: the defaults.</param>
        /// <exception cref="ArgumentException">
        /// The URL does not begin with http:// or https://, or contains a user name.
        /// </exception>
        public TurnClient(string url, ITurnTransport transport, TurnOptions options = null)
        {
            if (TurnText.FaultOfUrl(url) is string fault)
                throw new ArgumentException(fault, nameof(url));
            _options = options ?? new TurnOptions();
            _sender = new RequestSender(url, transport, _options);
        }

        /// <summary>
        /// The token of the last registration; null before the first. Registering with it again before the game begins,
        /// even from another process, keeps the place in the queue. Only one player may use it at a time.
        /// </summary>
        public string Token { get; private set; }

        /// <summary>Draws a random registration token (PROTOCOL.md, "Pairing").</summary>
        public static string CreateToken() => TurnText.CreateToken();

        /// <summary>Registers this player to wait for a partner.</summary>
        /// <param name="name">
        /// 1 to 64 characters, no control characters, no comma; sent trimmed and in normalization form C.
        /// </param>
        /// <param name="partner">The name of the only partner wanted; null: any partner.</param>
        /// <param name="token">
        /// A token that was used before returns the same registration, if the server still has it: a player that
        /// stores it can resume after a crash. Null draws one; see <see cref="Token"/>.
        /// </param>
        /// <param name="pool">
        /// The pool to be paired in: 1 to 32 visible ASCII characters other than <c>,</c> and <c>#</c>; null: none.
        /// </param>
        /// <param name="hasLongTimeout">Asks for the server's long pairing timeout, for debugging.</param>
        /// <param name="cancel">Cancels at once.</param>
        /// <returns>Null, or why this player is not registered.</returns>
        public async Task<TurnFault> RegisterAsync(string name, string partner = null, string token = null,
            string pool = null, bool hasLongTimeout = false, CancellationToken cancel = default)
        {
            var own = TurnText.Name(name);
            if (own == null)
                return TurnFault.Of(InvalidName);
            var wanted = partner == null ? "*" : TurnText.Name(partner);
            if (wanted == null || (partner != null && wanted == "*"))
                return TurnFault.Of(InvalidPartner);
            if (pool != null && !TurnText.IsPool(pool))
            {
                return new TurnFault(TurnFaultKind.InvalidRequest,
                    "invalid pool: 1 to 32 visible ASCII characters, no comma and no #", MalformedRequest);
            }

            token ??= CreateToken();
            if (!TurnText.IsToken(token))
            {
                return new TurnFault(TurnFaultKind.InvalidRequest,
                    "invalid token: 1 to 64 visible ASCII characters, no comma and no *", MalformedRequest);
            }

            Token = token;
            var key = (hasLongTimeout ? "bibbybabbis" : "*") + (pool == null ? "" : $"#{pool}");
            var outcome = await SendAsync($"0,{own},{key},{wanted},{token}", default, cancel);
            if (outcome.Fault == null)
                _key = outcome.Reply.Data;
            return outcome.Fault;
        }

        /// <summary>
        /// Waits for a partner, without a timeout. May be called again at any time before the game.
        /// </summary>
        public async Task<TurnResult<Pairing>> PairAsync(CancellationToken cancel = default)
        {
            var outcome = await SendUntilNewsAsync(2, NoPartnerYet, cancel);
            if (outcome.Fault != null)
                return outcome.Fault;
            _pairing = new Pairing(outcome.Reply.Data, outcome.Reply.Code == Host);
            return _pairing;
        }

        /// <summary>Tells the server that this player is loading.</summary>
        /// <returns>Null, or the fault.</returns>
        public async Task<TurnFault> LoadAsync(CancellationToken cancel = default) =>
            (await SendAsync(Body(3), default, cancel)).Fault;

        /// <summary>Tells the server that this player is ready, and waits until the partner is.</summary>
        /// <returns>
        /// The game, or the fault: after <see cref="TurnFaultKind.PartnerLeftEarly"/> pair again.
        /// </returns>
        public async Task<TurnResult<TurnGame>> PlayAsync(CancellationToken cancel = default)
        {
            var outcome = await SendUntilNewsAsync(4, PartnerLoads, cancel);
            if (outcome.Fault != null)
                return outcome.Fault;
            var seat = outcome.Reply.Data.Split('|');
            var start = SavedGame.Begin(_sender.Url, _pairing, seat[0], seat[seat.Length - 1] == "1" ? 1 : 0);
            return new TurnGame(start, isResumed: false, _sender.Transport, _options);
        }

        /// <summary>
        /// Gives up the registration, and the game with it if this player has neither sent nor received anything in it.
        /// </summary>
        /// <returns>Null, or the fault.</returns>
        public async Task<TurnFault> UnregisterAsync(CancellationToken cancel = default)
        {
            var fault = (await SendAsync(Body(1), default, cancel)).Fault;
            // An earlier attempt may have ended it, and its reply was lost.
            return fault?.Kind == TurnFaultKind.RegistrationGone ? null : fault;
        }

        private string Body(int symbol) => _key == null
            ? throw new InvalidOperationException("Register first.") : $"{symbol},*,{_key},*,*";

        private Task<RequestOutcome> SendAsync(string body, TimeSpan wait, CancellationToken cancel) =>
            _sender.SendAsync(new OutgoingRequest(body, wait), cancel);

        private async Task<RequestOutcome> SendUntilNewsAsync(int symbol, int noNews, CancellationToken cancel)
        {
            var transport = _sender.Transport;
            var wait = TimeSpan.FromSeconds(Math.Floor(_options.Wait.TotalSeconds));
            while (true)
            {
                var sentAt = transport.Now;
                var outcome = await SendAsync(Body(symbol), wait, cancel);
                if (outcome.Fault != null || outcome.Reply.Code != noNews)
                    return outcome;
                // The server does not hold replies, or a second client of this player answers this one's held reply.
                var pause = _options.PollInterval - (transport.Now - sentAt);
                if (pause > TimeSpan.Zero)
                    await PauseAsync(pause, cancel);
            }
        }

        private async Task PauseAsync(TimeSpan pause, CancellationToken cancel)
        {
            var over = new TaskCompletionSource<bool>();
            using (_sender.Transport.CallAfter(pause, () => over.TrySetResult(true)))
                await Cancellation.WaitAsync(over.Task, cancel);
        }
    }
}
