using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TurnServer.Cli;

/// <summary>
/// The standard streams as bytes, so that their ends and faults show. The console's own streams send a terminal into
/// another mode, edit lines themselves, and say nothing when the reader of a pipe has gone; a file stream does none of
/// that. But it does not move on the place in a file that is shared with commands before and after this one, so files
/// are left to the console.
/// </summary>
internal static partial class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    // fcntl.h: F_GETFD. Its one flag is FD_CLOEXEC.
    private const int GetDescriptorFlags = 1;

    /// <summary>Whether this program was started with an input; the shell's <c>&lt;&amp;-</c> closes it.</summary>
    public static bool HasInput => IsHandedDown(Input);

    /// <summary>Whether this program was started with an output.</summary>
    public static bool HasOutput => IsHandedDown(Output);

    public static Stream OpenInput() => Console.IsInputRedirected
        ? Console.OpenStandardInput()
        : Open(Input, FileAccess.Read);

    public static Stream OpenOutput()
    {
        var stream = Open(Output, FileAccess.Write);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }

    /// <summary>What is written to standard error that there is none of is lost.</summary>
    public static Stream OpenError()
    {
        if (!IsHandedDown(Error))
            return Stream.Null;
        var stream = Open(Error, FileAccess.Write);
        return stream.CanSeek ? Console.OpenStandardError() : stream;
    }

    private static FileStream Open(int descriptor, FileAccess access) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);

    // A descriptor that was closed at the start is that of the first file that the runtime opened for itself: to read
    // it may take for ever, to write to it is to meddle. It is closed on exec; what was handed down cannot be.
    private static bool IsHandedDown(int descriptor) => GetFlags(descriptor, GetDescriptorFlags) == 0;

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int GetFlags(int descriptor, int command);
}
