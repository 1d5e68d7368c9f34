using System.Globalization;
using System.Runtime.InteropServices;

namespace TurnServer.Service;

/// <summary>
/// SIGTERM, SIGINT and SIGHUP: the first asks the server to stop, the second has its default effect and ends it at
/// once. SIGINT and SIGHUP that were ignored at the start, as by nohup or for a shell script's background jobs, stay
/// ignored.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    // signal(7): the numbers are the same on all Linux machines.
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

    /// <summary>Completed by the first signal, with its name.</summary>
    public Task<string> Task => _received.Task;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stopping.Token;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stopping.Dispose();
    }

    // proc(5): a mask of signals in hexadecimal digits, the lowest bit for number 1.
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
            // Without /proc it cannot be told.
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
