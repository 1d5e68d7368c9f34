namespace TurnServer;

/// <summary>One flag as it is set.</summary>
/// <param name="Name">The flag, such as <c>--port</c>.</param>
/// <param name="Group">The group that it stands in on the page of help.</param>
/// <param name="Value">Its present value.</param>
/// <param name="Default">What it is when nobody sets it.</param>
/// <param name="IsDefault">Whether it is as if nobody had set it.</param>
/// <param name="Help">What it is for.</param>
public sealed record Setting(string Name, string Group, string Value, string Default, bool IsDefault, string Help);
