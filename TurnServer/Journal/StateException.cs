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
/// The state is right, and this version of the server cannot go on with it; starting it once more will not mend that.
/// </summary>
public sealed class StateVersionException(string message) : StateException(message);

/// <summary>
/// What the state's files hold cannot be trusted, and starting once more will not mend it.
/// </summary>
public sealed class StateDamagedException(string message, Exception? inner = null) : StateException(message, inner);
