using System.Globalization;

namespace TurnServer.Tests.Support;

/// <summary>The figures of a running server, as its admin port tells them.</summary>
/// <param name="Text">The page.</param>
internal sealed record Scrape(string Text)
{
    private readonly Dictionary<string, double> _samples = Text.Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .ToDictionary(line => line[..line.LastIndexOf(' ')],
            line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>The names of what is on the page, as its HELP lines have them.</summary>
    public IEnumerable<string> Families => Text.Split('\n')
        .Where(line => line.StartsWith("# HELP ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]);

    /// <summary>One series' value, by its name and labels just as they stand; NaN when it is not there.</summary>
    public double this[string series] => _samples.GetValueOrDefault(series, double.NaN);

    /// <summary>Whose name begins like this, and is not 0.</summary>
    public IEnumerable<string> NotZero(string start) => _samples
        .Where(sample => sample.Key.StartsWith(start, StringComparison.Ordinal) && sample.Value != 0)
        .Select(sample => string.Create(CultureInfo.InvariantCulture, $"{sample.Key[start.Length..]} {sample.Value}"));

    /// <summary>Asks the admin port.</summary>
    public static async Task<Scrape> GetAsync(int adminPort)
    {
        await using var client = await RawHttp.ConnectAsync(adminPort);
        var reply = await client.GetAsync("GET /metrics HTTP/1.1", "Host: localhost");
        Assert.That(reply.Status, Is.EqualTo(200), reply.Body);
        return new Scrape(reply.Body);
    }

    /// <summary>Asks until a series has this value.</summary>
    public static Task<Scrape> WaitForAsync(int adminPort, string series, double value) =>
        WaitForAsync(adminPort, series, value.Equals);

    /// <summary>Asks until a series has a value that is wanted.</summary>
    public static async Task<Scrape> WaitForAsync(int adminPort, string series, Func<double, bool> isWanted)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var scrape = await GetAsync(adminPort);
            if (isWanted(scrape[series]))
                return scrape;
            if (patience.Elapsed > TestWait.Timeout)
                Assert.Fail($"{series} did not become what was wanted; it is {scrape[series]}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }
}
