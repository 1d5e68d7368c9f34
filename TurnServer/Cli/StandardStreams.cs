using Microsoft.Win32.SafeHandles;

namespace TurnServer.Cli;

/// <summary>
/// The standard streams as bytes, with their ends and errors. Streams of System.Console change a terminal's mode, edit
/// lines, and ignore a broken pipe; a FileStream does not. But a FileStream does not advance the file offset that is
/// shared with other commands of a script, so files use the console's streams.
/// </summary>
internal static class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>Whether stdin was open at the start.</summary>
    public static bool HasInput => ClosedStreams.WasOpen(Input);

    /// <summary>Whether stdout was open at the start.</summary>
    public static bool HasOutput => ClosedStreams.WasOpen(Output);

    /// <summary>
    /// Drops console output that cannot be written instead of failing, and opens /dev/null for closed streams. Call
    /// this first.
    /// </summary>
    public static void Prepare()
    {
        ClosedStreams.Replace();
        Console.SetOut(Write(Console.OpenStandardOutput()));
        Console.SetError(Write(Console.OpenStandardError()));
    }

    public static Stream OpenInput() => Console.IsInputRedirected
        ? Console.OpenStandardInput()
        : Open(Input, FileAccess.Read);

    public static Stream OpenOutput()
    {
        var stream = Open(Output, FileAccess.Write);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }

    /// <summary>Drops what cannot be written; Stream.Null if stderr was closed at the start.</summary>
    public static Stream OpenError()
    {
        if (!ClosedStreams.WasOpen(Error))
            return Stream.Null;
        var stream = Open(Error, FileAccess.Write);
        return new BestEffortStream(stream.CanSeek ? Console.OpenStandardError() : stream);
    }

    private static FileStream Open(int descriptor, FileAccess access) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);

    private static StreamWriter Write(Stream stream) =>
        new(new BestEffortStream(stream), Console.OutputEncoding) { AutoFlush = true };
}
