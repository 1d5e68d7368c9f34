using Microsoft.Data.Sqlite;

namespace TurnServer.Bench.Journal;

/// <summary>SQLite in WAL mode, with a row for each record, under its number.</summary>
/// <param name="name">What its row is called.</param>
/// <param name="check">What a reader checks first, <c>integrity_check</c> or <c>quick_check</c>, or null.</param>
/// <param name="hasLongWal">Whether the log is made as long at once as it becomes within some hundred commits: from
/// then on it is written over, which is synced sooner than what makes a file longer.</param>
internal sealed class SqliteContender(string name, string? check, bool hasLongWal) : IContender
{
    private const string File = "journal.db";

    // A checkpoint every 1000 pages of 4096 bytes, which is what SQLite does unless told otherwise, and a batch beside.
    private const int WalBytes = 1020 * 4096;

    public string Name => name;

    public IRecordLog Open(string directory, SyncMode mode)
    {
        var path = Path.Combine(directory, File);
        var connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
        Run(connection, "pragma journal_mode = wal");
        if (hasLongWal)
            LengthenWal(connection);
        // With NORMAL the log is synced before a checkpoint alone; the background does it in between.
        Run(connection, "pragma synchronous = " + mode switch
        {
            SyncMode.None => "off",
            SyncMode.Batch => "normal",
            _ => "full",
        });
        Run(connection, "create table if not exists record (number integer primary key, body blob not null)");
        return new SqliteLog(connection, path + "-wal");
    }

    public Reading ReadAll(string directory, bool powerWasLost)
    {
        var path = Path.Combine(directory, File);
        try
        {
            // Not created: without the file, SQLite would take the log beside it for a stray one.
            using var connection = Connect(path, SqliteOpenMode.ReadWrite);
            if (check is not null)
                Check(connection);
            return new Reading(ReadRows(connection), null);
        }
        catch (SqliteException e)
        {
            throw new DamagedException(e.Message, e);
        }
        // What its provider throws when a column is no longer of the type it was.
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
        // No other process reads it: no shared memory and no locks for each transaction.
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
            // The numbers are there anyway, so a reader of some care looks at them.
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
