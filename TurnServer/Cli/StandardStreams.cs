using Microsoft.Win32.SafeHandles;

namespace TurnServer.Cli;

/// <summary>
/// The standard streams as bytes, so that their ends and faults show. The console's own streams send a terminal into
/// another mode, edit lines themselves, and say nothing when the reader of a pipe has gone; a file stream does none of
/// that. But it does not move on the place in a file that is shared with commands before and after this one, so files
/// are left to the console.
/// </summary>
internal static class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    public static Stream OpenInput() => Console.IsInputRedirected
        ? Console.OpenStandardInput()
        : Open(Input, FileAccess.Read);

    public static Stream OpenOutput()
    {
        var stream = Open(Output, FileAccess.Write);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }

    public static Stream OpenError()
    {
        var stream = Open(Error, FileAccess.Write);
        return stream.CanSeek ? Console.OpenStandardError() : stream;
    }

    private static FileStream Open(int descriptor, FileAccess access) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);
}
