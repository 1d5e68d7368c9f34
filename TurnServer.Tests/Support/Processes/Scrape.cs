using System.Globalization;

namespace TurnServer.Tests.Support;

/// <summary>The metrics of a running server, scraped from its admin port.</summary>
/// <param name="Text">The page in the Prometheus text format.</param>
internal sealed record Scrape(string Text)
{
    private readonly Dictionary<string, double> _samples = Text.Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .ToDictionary(line => line[..line.LastIndexOf(' ')],
            line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>The metric names in the HELP lines.</summary>
    public IEnumerable<string> Families => Text.Split('\n')
        .Where(line => line.StartsWith("# HELP ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]);

    /// <summary>A series' value by its exact name and labels; NaN if it does not exist.</summary>
    public double this[string series] => _samples.GetValueOrDefault(series, double.NaN);

    /// <summary>The sum over all labels of one metric.</summary>
    public double Sum(string name) => _samples
        .Where(sample => sample.Key == name || sample.Key.StartsWith(name + "{", StringComparison.Ordinal))
        .Sum(sample => sample.Value);

    /// <summary>The series with this prefix whose values are not 0: rest of the name, and value.</summary>
    public IEnumerable<string> NotZero(string start) => _samples
        .Where(sample => sample.Key.StartsWith(start, StringComparison.Ordinal) && sample.Value != 0)
        .Select(sample => string.Create(CultureInfo.InvariantCulture, $"{sample.Key[start.Length..]} {sample.Value}"));

    /// <summary>Scrapes the admin port.</summary>
    public static async Task<Scrape> GetAsync(int adminPort)
    {
        await using var client = await RawHttp.ConnectAsync(adminPort);
        var reply = await client.GetAsync("GET /metrics HTTP/1.1", "Host: localhost");
        Assert.That(reply.Status, Is.EqualTo(200), reply.Body);
        return new Scrape(reply.Body);
    }

    /// <summary>Scrapes until a series has this value.</summary>
    public static Task<Scrape> WaitForAsync(int adminPort, string series, double value) =>
        WaitForAsync(adminPort, series, value.Equals);

    /// <summary>Scrapes until a series' value fulfils a condition.</summary>
    public static async Task<Scrape> WaitForAsync(int adminPort, string series, Func<double, bool> condition)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var scrape = await GetAsync(adminPort);
            if (condition(scrape[series]))
                return scrape;
            if (watch.Elapsed > TestWait.Timeout)
                Assert.Fail($"Timed out waiting for {series}; it is {scrape[series]}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }
}
