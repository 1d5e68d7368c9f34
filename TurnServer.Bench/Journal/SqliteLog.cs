using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;
using SQLitePCL;

namespace TurnServer.Bench.Journal;

/// <summary>
/// A transaction for each batch. Its three statements are prepared once and stepped by the library itself, past the
/// commands of its provider: those allocate on every call.
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
        // The log's locks are on the database's file: closing this handle releases none.
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
