using System.Runtime.InteropServices;

namespace TurnServer.Cli;

/// <summary>
/// Opens /dev/null for standard streams that were closed at the start (the shell's <c>2&gt;&amp;-</c>), so that no file
/// or socket gets their descriptors and is written to by mistake. It is opened with O_PATH: reading and writing fail as
/// on a closed stream, and it can be distinguished from a /dev/null that the user passed.
/// </summary>
internal static unsafe partial class ClosedStreams
{
    private const int StreamCount = 3;

    // fcntl.h. F_GETFD returns FD_CLOEXEC for a descriptor that was not inherited.
    private const int GetDescriptorFlags = 1;
    private const int GetStatusFlags = 3;
    private const int DuplicateCloseOnExec = 1030;

    // O_CLOEXEC and O_PATH, the same on x86-64 and ARM.
    private const int CloseOnExec = 0x80000;
    private const int PathOnly = 0x200000;

    /// <summary>Whether this descriptor was open when the program was started.</summary>
    public static bool WasOpen(int descriptor) => Control(descriptor, GetDescriptorFlags, 0) == 0
        && (Control(descriptor, GetStatusFlags, 0) & PathOnly) == 0;

    /// <summary>
    /// Call this before opening anything. If the runtime has already opened files under these descriptors, the program
    /// executes itself again in the same process, with the streams in place.
    /// </summary>
    public static void Replace()
    {
        Span<int> flags = stackalloc int[StreamCount];
        for (var descriptor = 0; descriptor < StreamCount; descriptor++)
            flags[descriptor] = Control(descriptor, GetDescriptorFlags, 0);
        var isTaken = flags.ContainsAnyInRange(1, int.MaxValue);
        Span<int> saved = stackalloc int[StreamCount];
        saved.Fill(-1);
        // In ascending order: open returns the lowest free descriptor.
        for (var descriptor = 0; descriptor < StreamCount; descriptor++)
        {
            if (flags[descriptor] == 0)
                continue;
            if (flags[descriptor] > 0)
                saved[descriptor] = Control(descriptor, DuplicateCloseOnExec, StreamCount);
            OpenNull(descriptor);
        }

        if (!isTaken)
            return;
        ExecuteAgain();
        // That failed, for example because there is no /proc: restore the runtime's files.
        for (var descriptor = 0; descriptor < StreamCount; descriptor++)
        {
            if (saved[descriptor] >= 0)
                _ = DuplicateTo(saved[descriptor], descriptor, CloseOnExec);
        }
    }

    private static void OpenNull(int descriptor)
    {
        var opened = OpenFile("/dev/null", PathOnly);
        if (opened < 0 || opened == descriptor)
            return;
        _ = DuplicateTo(opened, descriptor, 0);
        _ = CloseFile(opened);
    }

    // Returns only when it fails.
    private static void ExecuteAgain()
    {
        byte[] arguments;
        try
        {
            arguments = File.ReadAllBytes("/proc/self/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }

        var starts = new nint[arguments.Count((byte)0) + 1];
        fixed (byte* first = arguments)
        fixed (nint* pointers = starts)
        {
            var next = first;
            for (var i = 0; i < starts.Length - 1; i++)
            {
                starts[i] = (nint)next;
                while (*next++ != 0)
                {
                    // Skip to the next argument.
                }
            }

            _ = Execute("/proc/self/exe", pointers);
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "dup3")]
    private static partial int DuplicateTo(int descriptor, int other, int flags);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, nint* arguments);
}
