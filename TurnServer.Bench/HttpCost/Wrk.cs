using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace TurnServer.Bench.HttpCost;

/// <summary>What wrk and its script say of one run.</summary>
/// <param name="Requests">Replies received.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Counters">How many counters each seat has sent.</param>
internal sealed record WrkResult(long Requests, double Seconds, IReadOnlyList<long> Counters);

/// <summary>Runs wrk, the client.</summary>
internal static partial class Wrk
{
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "HttpCost", "updates.lua");

    /// <summary>Whether wrk can be run.</summary>
    public static bool IsInstalled()
    {
        try
        {
            using var process = Start(["--version"], "");
            process.WaitForExit();
            return true;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Plays updates, each seat on a connection of its own.</summary>
    /// <exception cref="HttpCostException">Any reply was not 200, or any connection failed.</exception>
    public static async Task<WrkResult> RunAsync(int port, IReadOnlyList<PlayedSeat> seats, int seconds)
    {
        using var process = Start(
            [$"-t{seats.Count}", $"-c{seats.Count}", $"-d{seconds}", "-s", Script, $"http://127.0.0.1:{port}/"],
            string.Join(' ', seats));
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var match = Line().Match(output);
        if (!match.Success)
            throw new HttpCostException($"wrk did not finish: {output}{await errors}");
        if (match.Groups["faults"].Value is var faults && faults.Any(c => c is >= '1' and <= '9'))
            throw new HttpCostException($"not every request was answered with 200: {match.Value}");
        return new WrkResult(Number(match.Groups["requests"].Value), Number(match.Groups["time"].Value) / 1e6,
            [.. match.Groups["counters"].Value.Split(',').Select(Number)]);
    }

    private static long Number(string digits) => long.Parse(digits, CultureInfo.InvariantCulture);

    private static Process Start(string[] arguments, string seats)
    {
        var start = new ProcessStartInfo("wrk", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["SEATS"] = seats;
        return Process.Start(start)!;
    }

    [GeneratedRegex(@"requests=(?<requests>\d+) microseconds=(?<time>\d+) (?<faults>.*) counters=(?<counters>[\d,]+)")]
    private static partial Regex Line();
}
