using System.Runtime.InteropServices;

namespace TurnServer.Journal.Disk;

/// <summary>A directory on the disk, locked by one server at a time.</summary>
internal sealed partial class StateDirectory : IStateDirectory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int BufferBytes = 1024 * 1024;
    private const int WouldBlock = 11;
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    private readonly string _givenPath;
    private readonly bool _isSynced;
    private FileStream _lock;
    private FileStatus? _identity;

    private StateDirectory(string givenPath, bool isSynced)
    {
        _givenPath = givenPath;
        _isSynced = isSynced;
        (Path, _lock) = Lock(givenPath, isSynced);
        _identity = FileStatus.Of(givenPath);
        BootId = ReadBootId();
    }

    public string Path { get; private set; }

    public Guid BootId { get; }

    private FileStatus? OwnLock => FileStatus.Of((int)_lock.SafeFileHandle.DangerousGetHandle());

    /// <summary>Locks the directory and creates it if missing.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="isSynced">Whether new files and their names are synced to the disk.</param>
    /// <exception cref="StateException">Another server has it, or it cannot be used.</exception>
    public static StateDirectory Acquire(string path, bool isSynced = true) =>
        new(System.IO.Path.GetFullPath(path), isSynced);

    public DirectoryLoss DetectLoss()
    {
        var lockFile = FileStatus.Of(System.IO.Path.Combine(_givenPath, StateFileNames.Lock));
        if (lockFile is not null && lockFile == OwnLock)
            return DirectoryLoss.None;
        if (FileStatus.Of(_givenPath) is not { } directory)
            return DirectoryLoss.Gone;
        return directory == _identity ? DirectoryLoss.Lock : DirectoryLoss.Replaced;
    }

    public void Reacquire()
    {
        if (DetectLoss() is not (var loss and not DirectoryLoss.None))
            return;
        var (path, lockFile) = Lock(_givenPath, _isSynced);
        try
        {
            if (loss != DirectoryLoss.Lock && Directory.EnumerateFileSystemEntries(path)
                .Any(entry => StateFileNames.IsState(System.IO.Path.GetFileName(entry))))
            {
                throw new StateException($"the state directory {_givenPath} now holds the state of another server, "
                    + "which is left as it is; this server's games are lost.");
            }
        }
        catch
        {
            lockFile.Dispose();
            throw;
        }

        _lock.Dispose();
        (Path, _lock, _identity) = (path, lockFile, FileStatus.Of(_givenPath));
    }

    public IReadOnlyList<string> List() =>
        [.. Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file))];

    public IReadOnlyList<string> ListNonFiles() =>
        [.. Directory.EnumerateFileSystemEntries(Path).Where(entry => !FileStatus.IsRegularFile(entry))
            .Select(entry => System.IO.Path.GetFileName(entry))];

    public ISegmentFile Create(string name, int bytes, bool isMapped)
    {
        var path = PathOf(name);
        // Checked first, because callers retry while the disk is full.
        if (new DriveInfo(Path).AvailableFreeSpace < bytes)
            throw new IOException($"No space left on device: '{path}'");
        try
        {
            // Written, not only reserved: blocks once written are overwritten in place, so a store to mapped memory
            // cannot fail for lack of space.
            using (var file = CreateNew(path))
            {
                var zeros = new byte[Math.Min(bytes, BufferBytes)];
                for (var left = bytes; left > 0; left -= zeros.Length)
                    file.Write(zeros.AsSpan(0, Math.Min(left, zeros.Length)));
                file.Flush(flushToDisk: _isSynced);
            }

            if (_isSynced)
                SyncDirectory(Path);
            return isMapped ? new MappedFile(path, bytes) : new WrittenFile(path, bytes);
        }
        catch
        {
            TryDelete(path);
            throw;
        }
    }

    public byte[] ReadAll(string name) => File.ReadAllBytes(PathOf(name));

    public Stream Open(string name) => new FileStream(PathOf(name), new FileStreamOptions
    {
        BufferSize = BufferBytes,
        Options = FileOptions.SequentialScan,
    });

    public long Write(string name, Action<Stream> write)
    {
        var path = PathOf(StateFileNames.New(name));
        long length;
        try
        {
            using (var file = CreateNew(path))
            {
                write(file);
                file.Flush(flushToDisk: _isSynced);
                length = file.Length;
            }

            File.Move(path, PathOf(name), overwrite: true);
        }
        catch
        {
            // It may be what filled the disk.
            TryDelete(path);
            throw;
        }

        if (_isSynced)
            SyncDirectory(Path);
        return length;
    }

    public void Delete(string name) => File.Delete(PathOf(name));

    public void Dispose() => _lock.Dispose();

    private static (string Path, FileStream LockFile) Lock(string path, bool isSynced)
    {
        if (File.Exists(path))
            throw new StateException($"the state directory {path} is a file: name a directory (--state).");
        try
        {
            if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
                if (isSynced)
                    SyncDirectory(System.IO.Path.GetDirectoryName(path)!);
            }

            // systemd makes it a link; messages suggest commands, which must work on the directory itself.
            path = Directory.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            return (path, OpenLockFile(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"cannot use the state directory {path}: {StateException.Reason(e)}. It must be a "
                + "directory that this user may write to (--state).", e);
        }
    }

    private static FileStream OpenLockFile(string path)
    {
        var lockPath = System.IO.Path.Combine(path, StateFileNames.Lock);
        try
        {
            // The lock belongs to the process and ends with it, even when it is killed.
            return new FileStream(lockPath, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = OwnerOnly,
            });
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            throw new StateException($"the state directory {path} is in use by another server: stop that server, or "
                + "name another directory for this one (--state).", e);
        }
    }

    private static FileStream CreateNew(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.Write,
        BufferSize = BufferBytes,
        UnixCreateMode = OwnerOnly,
    });

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The caller reports the first error.
        }
    }

    private static Guid ReadBootId()
    {
        try
        {
            return Guid.TryParse(File.ReadAllText(BootIdPath), out var id) ? id : Guid.Empty;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Guid.Empty;
        }
    }

    private string PathOf(string name) => System.IO.Path.Combine(Path, name);

    // Syncing a file does not sync its directory entry.
    private static void SyncDirectory(string directory)
    {
        var descriptor = OpenFile(directory, ReadOnlyCloseOnExec);
        if (descriptor < 0)
            throw new IOException($"{directory} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        try
        {
            if (SyncFile(descriptor) != 0)
                throw new IOException($"{directory} cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        finally
        {
            _ = CloseFile(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int descriptor);
}
