using System.Diagnostics;
using System.Globalization;
using TurnServer.Connect;

namespace TurnServer.Cli;

/// <summary>Describes the progress of a transfer.</summary>
internal sealed class TransferProgress(Transfer transfer, ConnectMessages status)
{
    private const double BytesPerMegabyte = 1e6;

    // Of the last sample in the moving average of the rate.
    private const double Weight = 0.2;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly long _startedAt = Stopwatch.GetTimestamp();

    /// <summary>Shows it, five times a second, until cancelled.</summary>
    public async Task ShowAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Interval);
        double rate = 0;
        var before = 0L;
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                var bytes = transfer.BytesSent + transfer.BytesReceived;
                rate += Weight * (((bytes - before) / Interval.TotalSeconds) - rate);
                before = bytes;
                status.ShowProgress($"sent {Megabytes(transfer.BytesSent)} MB, received "
                    + $"{Megabytes(transfer.BytesReceived)} MB, {Megabytes(rate)} MB/s");
            }
        }
        catch (OperationCanceledException)
        {
            status.ShowProgress("");
        }
    }

    /// <summary>The amounts, the time and the rate.</summary>
    public string Summarize()
    {
        var seconds = Stopwatch.GetElapsedTime(_startedAt).TotalSeconds;
        var rate = (transfer.BytesSent + transfer.BytesReceived) / seconds;
        return string.Create(CultureInfo.InvariantCulture, $"all has arrived: {transfer.BytesSent} bytes sent, "
            + $"{transfer.BytesReceived} received, {seconds:0.0} s, {Megabytes(rate)} MB/s");
    }

    private static string Megabytes(double bytes) =>
        (bytes / BytesPerMegabyte).ToString("0.0", CultureInfo.InvariantCulture);
}
