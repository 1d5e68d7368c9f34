using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;
using SQLitePCL;
using TurnServer.Journal;

namespace TurnServer.Bench.Journal;

/// <summary>SQLite in WAL mode, with a numbered row for each record.</summary>
/// <param name="name">The label of its row.</param>
/// <param name="check">The check that a reader runs first: <c>integrity_check</c>, <c>quick_check</c> or null.</param>
/// <param name="hasLongWal">
/// Whether the WAL is extended at once to the length that it reaches within a few hundred commits: overwriting syncs
/// faster than extending a file.
/// </param>
internal sealed class SqliteContender(string name, string? check, bool hasLongWal) : IContender
{
    private const string File = "journal.db";

    // SQLite's default: a checkpoint every 1000 pages of 4096 bytes; and space for a batch.
    private const int WalBytes = 1020 * 4096;

    public string Name => name;

    public IRecordLog Open(string directory, StateSync sync)
    {
        var path = Path.Combine(directory, File);
        var connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
        Run(connection, "pragma journal_mode = wal");
        if (hasLongWal)
            LengthenWal(connection);
        // With NORMAL the WAL is synced only before a checkpoint; the background syncs in between.
        Run(connection, "pragma synchronous = " + sync switch
        {
            StateSync.None => "off",
            StateSync.Batch => "normal",
            _ => "full",
        });
        Run(connection, "create table if not exists record (number integer primary key, body blob not null)");
        return new SqliteLog(connection, path + "-wal");
    }

    public ReadResult ReadAll(string directory, bool powerWasLost)
    {
        var path = Path.Combine(directory, File);
        try
        {
            // Not created if missing: SQLite would then ignore the WAL next to it.
            using var connection = Connect(path, SqliteOpenMode.ReadWrite);
            if (check is not null)
                Check(connection);
            return new ReadResult(ReadRows(connection), null);
        }
        catch (SqliteException e)
        {
            throw new DamagedException(e.Message, e);
        }
        // The provider throws these for a column of an unexpected type.
        catch (Exception e) when (e is InvalidOperationException or InvalidCastException)
        {
            throw new DamagedException(e.Message, e);
        }
    }

    public string TailFile(IEnumerable<string> names) => names.Single(file => file == File + "-wal");

    private static SqliteConnection Connect(string path, SqliteOpenMode openMode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = openMode,
            Pooling = false,
        }.ToString());
        connection.Open();
        // No other process uses it: saves shared memory and a lock per transaction.
        Run(connection, "pragma locking_mode = exclusive");
        return connection;
    }

    private static void LengthenWal(SqliteConnection connection)
    {
        Run(connection, "create table filler (body blob not null)");
        Run(connection, $"insert into filler (body) values (zeroblob({WalBytes}))");
        Run(connection, "drop table filler");
        Run(connection, "pragma wal_checkpoint(restart)");
    }

    private void Check(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"pragma {check}";
        if (command.ExecuteScalar() is not "ok" and var found)
            throw new DamagedException($"{check}: {found}");
    }

    private static List<byte[]> ReadRows(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "select number, body from record order by number";
        using var reader = command.ExecuteReader();
        var records = new List<byte[]>();
        while (reader.Read())
        {
            // A careful reader checks the numbers, which are there anyway.
            if (reader.GetInt64(0) != records.Count + 1)
                throw new DamagedException($"row {records.Count + 1} is missing");
            records.Add((byte[])reader[1]);
        }

        return records;
    }

    private static void Run(SqliteConnection connection, string statement)
    {
        using var command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }
}

/// <summary>
/// A transaction for each batch. Its three statements are prepared once and stepped through the C API, because the
/// provider's commands allocate on every call.
/// </summary>
internal sealed class SqliteLog : IRecordLog
{
    private readonly SqliteConnection _connection;
    private readonly string _walPath;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _insert;
    private readonly sqlite3_stmt _commit;
    private SafeFileHandle? _wal;
    private long _number;
    private bool _isInTransaction;

    public SqliteLog(SqliteConnection connection, string walPath)
    {
        _connection = connection;
        _walPath = walPath;
        _begin = Prepare("begin immediate");
        _insert = Prepare("insert into record (number, body) values (?, ?)");
        _commit = Prepare("commit");
    }

    public void Append(ReadOnlySpan<byte> record)
    {
        if (!_isInTransaction)
        {
            Step(_begin);
            _isInTransaction = true;
        }

        raw.sqlite3_bind_int64(_insert, 1, ++_number);
        raw.sqlite3_bind_blob(_insert, 2, record);
        Step(_insert);
    }

    public void EndBatch()
    {
        if (!_isInTransaction)
            return;
        Step(_commit);
        _isInTransaction = false;
    }

    public void Sync()
    {
        // Closing this handle releases no locks: they are on the database file.
        _wal ??= File.OpenHandle(_walPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(_wal);
    }

    public void Dispose()
    {
        _wal?.Dispose();
        _begin.Dispose();
        _insert.Dispose();
        _commit.Dispose();
        _connection.Dispose();
    }

    private sqlite3_stmt Prepare(string statement)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v3(_connection.Handle, statement,
            raw.SQLITE_PREPARE_PERSISTENT, out var prepared), _connection.Handle);
        return prepared;
    }

    private void Step(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement);
        if (code != raw.SQLITE_DONE)
            SqliteException.ThrowExceptionForRC(code, _connection.Handle);
    }
}
