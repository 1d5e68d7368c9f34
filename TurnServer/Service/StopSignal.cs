using System.Globalization;
using System.Runtime.InteropServices;

namespace TurnServer.Service;

/// <summary>
/// SIGTERM, SIGINT and SIGHUP: the first one asks the server to stop, the second one ends it at once, as by default.
/// SIGINT and SIGHUP that are ignored at the start, by nohup or in a script's background job, stay ignored.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    // signal(7): these numbers are the same on all architectures.
    private const int HangUpNumber = 1;
    private const int InterruptNumber = 2;
    private const string IgnoredField = "SigIgn:";

    private readonly TaskCompletionSource<string> _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    public StopSignal()
    {
        var ignored = ReadIgnored();
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Receive));
        if (!IsIn(ignored, InterruptNumber))
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Receive));
        if (!IsIn(ignored, HangUpNumber))
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Receive));
    }

    /// <summary>Completes with the name of the first signal.</summary>
    public Task<string> Task => _received.Task;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stopping.Token;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stopping.Dispose();
    }

    // proc(5): a hexadecimal mask; bit 0 is signal 1.
    private static ulong ReadIgnored()
    {
        try
        {
            var line = File.ReadLines("/proc/self/status")
                .First(line => line.StartsWith(IgnoredField, StringComparison.Ordinal));
            return ulong.TryParse(line.AsSpan(IgnoredField.Length).Trim(), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out var mask) ? mask : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // No /proc.
            return 0;
        }
    }

    private static bool IsIn(ulong mask, int number) => (mask >> (number - 1) & 1) != 0;

    private void Receive(PosixSignalContext context)
    {
        if (!_received.TrySetResult(context.Signal.ToString()))
            return;
        context.Cancel = true;
        _stopping.Cancel();
    }
}
