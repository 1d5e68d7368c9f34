using System.Collections.Frozen;

namespace TurnServer.Demo;

/// <summary>A file of the demo.</summary>
/// <param name="ContentType">With its charset.</param>
/// <param name="Body">The bytes.</param>
internal sealed record DemoFile(string ContentType, byte[] Body);

/// <summary>
/// The word game that <c>--demo</c> serves: the embedded files of this folder, and the web client that they import.
/// </summary>
internal static class DemoPage
{
    /// <summary>Where the page is.</summary>
    public const string Path = "/demo";

    /// <summary>
    /// Nothing from other hosts and nothing inline: a turn that got into the page as markup could do nothing.
    /// </summary>
    public const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; "
        + "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // TurnServer.csproj names the resources by their paths.
    private const string ResourcePrefix = "demo/";
    private const string Html = "demo/demo.html";

    private static readonly FrozenDictionary<string, DemoFile> Files = typeof(DemoPage).Assembly
        .GetManifestResourceNames()
        .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name == Html ? Path : $"/{name}", Read);

    /// <summary>All paths, for tests.</summary>
    public static IEnumerable<string> Paths => Files.Keys;

    /// <summary>The file at this path of a URL; null if there is none.</summary>
    public static DemoFile? Find(string? path) => path is null ? null : Files.GetValueOrDefault(path);

    private static DemoFile Read(string name)
    {
        using var stream = typeof(DemoPage).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var contentType = System.IO.Path.GetExtension(name) switch
        {
            ".html" => "text/html",
            ".css" => "text/css",
            ".js" => "text/javascript",
            ".svg" => "image/svg+xml",
            _ => throw new InvalidOperationException($"No content type is known for {name}."),
        };
        return new DemoFile($"{contentType}; charset=utf-8", bytes);
    }
}
