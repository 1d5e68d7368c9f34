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

    /// <summary>Whether this program was started with an input; the shell's <c>&lt;&amp;-</c> closes it.</summary>
    public static bool HasInput => ClosedStreams.IsHandedDown(Input);

    /// <summary>Whether this program was started with an output.</summary>
    public static bool HasOutput => ClosedStreams.IsHandedDown(Output);

    /// <summary>
    /// Lets messages on both outputs be lost where they cannot be written, instead of ending the program, and closed
    /// streams stand on /dev/null. To be called first of all.
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

    /// <summary>What cannot be written there is lost.</summary>
    public static Stream OpenError()
    {
        if (!ClosedStreams.IsHandedDown(Error))
            return Stream.Null;
        var stream = Open(Error, FileAccess.Write);
        return new BestEffortStream(stream.CanSeek ? Console.OpenStandardError() : stream);
    }

    private static FileStream Open(int descriptor, FileAccess access) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);

    private static StreamWriter Write(Stream stream) =>
        new(new BestEffortStream(stream), Console.OutputEncoding) { AutoFlush = true };
}
