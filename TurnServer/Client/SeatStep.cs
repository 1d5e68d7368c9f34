namespace TurnServer.Client;

/// <summary>What a seat's loop has to do next.</summary>
internal enum SeatStepKind
{
    /// <summary>Send <see cref="SeatStep.Request"/> and hand its outcome to the machine.</summary>
    Send,

    /// <summary>Wait for <see cref="SeatStep.Pause"/>, or until the queues change, and ask again.</summary>
    Pause,

    /// <summary>Stop: the game is over, or everything has been sent.</summary>
    Stop,
}

/// <summary>One step of a seat's loop.</summary>
internal readonly record struct SeatStep(SeatStepKind Kind, OutgoingRequest Request = default,
    TimeSpan Pause = default);
