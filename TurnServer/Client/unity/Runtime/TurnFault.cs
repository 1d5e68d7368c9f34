using System;

namespace TurnServer.Client
{
    /// <summary>Kinds of faults, by what a player can do about them.</summary>
    public enum TurnFaultKind
    {
        /// <summary>No answer within <see cref="TurnOptions.Patience"/>.</summary>
        Unreachable,

        /// <summary>The reply is not from a turn server: check the URL.</summary>
        NotTurnServer,

        /// <summary>The server will never take this: correct the name or the request.</summary>
        InvalidRequest,

        /// <summary>The server has no room for more players or games: register again later.</summary>
        ServerFull,

        /// <summary>The server was busy, or this address over its rate limit, for all of the patience.</summary>
        ServerBusy,

        /// <summary>The registration is gone: register again.</summary>
        RegistrationGone,

        /// <summary>The partner left before the game; this player still waits: pair again.</summary>
        PartnerLeftEarly,

        /// <summary>The partner has left; everything it sent before has been received.</summary>
        PartnerLeft,

        /// <summary>The server no longer has this player's seat: register again for another game.</summary>
        SeatGone,

        /// <summary>
        /// Client and server disagree about the counter: one of them has a bug, or two clients share a seat.
        /// </summary>
        OutOfStep,
    }

    /// <summary>Why a call failed, or why a game is over.</summary>
    public sealed class TurnFault
    {
        internal const int PlayerLeft = 14;

        private const string NameRule = ": 1 to 64 characters, no control characters, no comma";
        private const int PartnerGone = 15;
        private const int QuitSymbol = 5;

        // By the server's error code.
        private static readonly (TurnFaultKind Kind, string Meaning)?[] Known =
        {
            null,
            (TurnFaultKind.InvalidRequest, "the request had no usable length"),
            (TurnFaultKind.InvalidRequest, "the request was empty or not UTF-8"),
            (TurnFaultKind.InvalidRequest, "the server does not know this player's address"),
            (TurnFaultKind.InvalidRequest, "the request is malformed"),
            (TurnFaultKind.RegistrationGone, "the server does not know this registration (any more)"),
            null,
            (TurnFaultKind.InvalidRequest, "invalid name" + NameRule),
            null,
            (TurnFaultKind.PartnerLeftEarly, "the partner left before the game"),
            (TurnFaultKind.RegistrationGone, "the server dropped this player for being out of step"),
            (TurnFaultKind.ServerFull, "the server has no room for more players"),
            (TurnFaultKind.ServerFull, "the server has no room for more games"),
            (TurnFaultKind.SeatGone, "the server does not know this game (any more)"),
            (TurnFaultKind.SeatGone, "this player has left the game, or was silent too long"),
            (TurnFaultKind.PartnerLeft, "the partner fell silent and was dropped"),
            (TurnFaultKind.InvalidRequest, "invalid name of the partner" + NameRule),
            (TurnFaultKind.RegistrationGone,
                "the requested partner left before the game, which ended this registration"),
            (TurnFaultKind.OutOfStep, "the server has taken a later turn of this player"),
            (TurnFaultKind.OutOfStep, "the server has not taken this player's last turn"),
            (TurnFaultKind.InvalidRequest, "the turn is longer than the server or a proxy in front of it accepts"),
            (TurnFaultKind.ServerBusy, "the partner has not collected what was sent before"),
            (TurnFaultKind.ServerBusy, "too many requests or players from this address"),
            (TurnFaultKind.ServerBusy, "the server is overloaded or cannot write its state"),
        };

        internal TurnFault(TurnFaultKind kind, string meaning, int error = 0, int? detail = null)
        {
            Kind = kind;
            Meaning = meaning;
            Error = error;
            Detail = detail;
        }

        /// <summary>What can be done about it.</summary>
        public TurnFaultKind Kind { get; }

        /// <summary>A message for users, without a full stop.</summary>
        public string Meaning { get; }

        /// <summary>The server's error code (PROTOCOL.md, "Errors"); 0 if it did not come from the server.</summary>
        public int Error { get; }

        /// <summary>The detail of the server's error; null: none.</summary>
        public int? Detail { get; }

        /// <summary>
        /// Whether a turn is too long for the server or a proxy in front of it: the game of <see
        /// cref="TurnGame.SendAsync"/> goes on.
        /// </summary>
        public bool IsTurnTooLong => Error == SeatMachine.TooLong;

        /// <summary>Whether the partner quit; otherwise it was dropped for its silence.</summary>
        public bool HasPartnerQuit => Error == PartnerGone && Detail == QuitSymbol;

        /// <summary>The same as <see cref="Meaning"/>.</summary>
        public override string ToString() => Meaning;

        internal static bool IsKnown(int error) => error < Known.Length && Known[error] != null;

        /// <summary>The fault for an error of the server, which must be known.</summary>
        internal static TurnFault Of(int error, int? detail = null)
        {
            var (kind, meaning) = Known[error].Value;
            if (error == PartnerGone && detail != null)
                meaning = "the partner has left";
            return new TurnFault(kind, meaning, error, detail);
        }
    }

    /// <summary>A value, or the fault that prevented it.</summary>
    public readonly struct TurnResult<T>
    {
        private readonly T _value;

        private TurnResult(T value, TurnFault fault)
        {
            _value = value;
            Fault = fault;
        }

        /// <summary>Why there is no value; null when there is one.</summary>
        public TurnFault Fault { get; }

        /// <summary>The value.</summary>
        /// <exception cref="InvalidOperationException">There is a <see cref="Fault"/> instead.</exception>
        public T Value => Fault == null ? _value : throw new InvalidOperationException(Fault.Meaning);

        /// <summary>A result with a value.</summary>
        public static implicit operator TurnResult<T>(T value) => new TurnResult<T>(value, null);

        /// <summary>A result without one.</summary>
        public static implicit operator TurnResult<T>(TurnFault fault) => new TurnResult<T>(default, fault);
    }

    /// <summary>A pair of players, as one of them sees it.</summary>
    public readonly struct Pairing
    {
        internal Pairing(string partner, bool isHost)
        {
            Partner = partner;
            IsHost = isHost;
        }

        /// <summary>The partner's name. Show it as text: it may contain markup.</summary>
        public string Partner { get; }

        /// <summary>Whether this player hosts: its request made the pair.</summary>
        public bool IsHost { get; }
    }
}
