using System.Buffers;

namespace TurnServer.Http;

/// <summary>Which request headers pages of other origins may send.</summary>
internal static class CorsHeaders
{
    private const string Known = "Content-Type, Prefer, Turn-Received";

    // More than a browser asks for, and little enough to send back to anybody.
    private const int AskedCharactersMax = 1024;

    // A list of tokens (RFC 9110, 5.6.2).
    private static readonly SearchValues<char> ListCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz, \t");

    /// <summary>
    /// The value of Access-Control-Allow-Headers: those that the server reads and those that are asked for. Libraries
    /// for tracing add headers of their own, which the server does not read.
    /// </summary>
    /// <param name="asked">The value of Access-Control-Request-Headers; null when there is none.</param>
    public static string Allow(string? asked) =>
        string.IsNullOrWhiteSpace(asked) || asked.Length > AskedCharactersMax
            || asked.AsSpan().ContainsAnyExcept(ListCharacters)
                ? Known
                : $"{Known}, {asked}";
}
