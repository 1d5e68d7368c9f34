namespace TurnServer.Journal;

/// <summary>
/// The state cannot be used as it is asked to; the message is for the operator, and says what to do. Nothing has been
/// changed.
/// </summary>
public class StateException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the system says of a file, to stand within a sentence.</summary>
    internal static string Reason(Exception e) => e.Message.TrimEnd('.');
}

/// <summary>
/// What the state's files hold cannot be trusted, and starting once more will not mend it.
/// </summary>
public sealed class StateDamagedException(string message, Exception? inner = null) : StateException(message, inner);
