using Microsoft.Win32.SafeHandles;

namespace TurnServer.Cli;

/// <summary>Standard input and output as bytes, so that their ends and faults show.</summary>
internal static class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;

    /// <summary>
    /// The input. A terminal is read as such: the console's own stream would edit lines itself, and change what the
    /// terminal does.
    /// </summary>
    public static Stream OpenInput() => Console.IsInputRedirected
        ? Console.OpenStandardInput()
        : Open(Input, FileAccess.Read);

    /// <summary>
    /// The output. The console's own stream says nothing when the reader of a pipe has gone; a file stream does, but
    /// does not move on the place in a file that is shared with commands before and after this one.
    /// </summary>
    public static Stream OpenOutput()
    {
        var stream = Open(Output, FileAccess.Write);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }

    private static FileStream Open(int descriptor, FileAccess access) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);
}
