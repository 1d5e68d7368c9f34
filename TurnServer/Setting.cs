namespace TurnServer;

/// <summary>One flag as it is set.</summary>
/// <param name="Name">The flag, such as <c>--port</c>.</param>
/// <param name="Group">Its group in the help text.</param>
/// <param name="Value">The value in effect.</param>
/// <param name="Default">The default value.</param>
/// <param name="IsDefault">Whether the value equals the default.</param>
/// <param name="Help">What it is for.</param>
public sealed record Setting(string Name, string Group, string Value, string Default, bool IsDefault, string Help);
