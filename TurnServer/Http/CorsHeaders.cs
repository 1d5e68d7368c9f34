using System.Buffers;

namespace TurnServer.Http;

/// <summary>The request headers that pages of other origins may send.</summary>
internal static class CorsHeaders
{
    private const string Known = "Content-Type, Prefer, Turn-Received";

    // More than a browser asks for, and little enough to echo to any client.
    private const int RequestedCharactersMax = 1024;

    // A list of tokens (RFC 9110, 5.6.2).
    private static readonly SearchValues<char> ListCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz, \t");

    /// <summary>
    /// The value of Access-Control-Allow-Headers: the headers that the server reads, and the requested ones, as tracing
    /// libraries add headers that the server ignores.
    /// </summary>
    /// <param name="requested">The value of Access-Control-Request-Headers; null when there is none.</param>
    public static string Allow(string? requested) =>
        string.IsNullOrWhiteSpace(requested) || requested.Length > RequestedCharactersMax
            || requested.AsSpan().ContainsAnyExcept(ListCharacters)
                ? Known
                : $"{Known}, {requested}";
}
