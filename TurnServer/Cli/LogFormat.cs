namespace TurnServer.Cli;

/// <summary>How log messages are written.</summary>
public enum LogFormat
{
    /// <summary>As the journal wants it when standard error is the journal, else as text.</summary>
    Auto,

    /// <summary>For people: time, severity, message.</summary>
    Text,

    /// <summary>For systemd's journal, which knows the time itself: severity as sd-daemon(3) has it, message.</summary>
    Journal,

    /// <summary>For programs: one JSON object a line.</summary>
    Json,
}
