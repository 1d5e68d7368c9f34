using System.Security.Cryptography;
using System.Text;
using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>
/// The token of a registration, saved in a file while <c>connect</c> waits: after a crash the next start resumes the
/// registration (PROTOCOL.md, "Pairing"). A file lock, which the kernel releases with the process, lets one process use
/// it at a time. If no file can be written, the token lives in memory only.
/// </summary>
internal sealed class TokenFile : IDisposable
{
    // The most processes with the same server, name, partner and pool whose tokens are saved.
    private const int SlotsMax = 8;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private FileStream? _file;

    private TokenFile(FileStream? file, string token)
    {
        _file = file;
        Token = token;
    }

    public string Token { get; }

    /// <summary>A saved token for this registration that no process uses, or else a new one.</summary>
    public static TokenFile Claim(Uri url, string name, string? partner, string? pool)
    {
        var file = FindFolder() is { } folder ? Open(folder, Identify(url, name, partner, pool)) : null;
        try
        {
            return new TokenFile(file, file is null ? TurnClient.CreateToken() : ReadOrWrite(file));
        }
        catch (IOException)
        {
            file?.Dispose();
            return new TokenFile(null, TurnClient.CreateToken());
        }
    }

    /// <summary>Deletes the token: the registration has ended or become a game.</summary>
    public void Dispose()
    {
        if (_file is not { } file)
            return;
        _file = null;
        try
        {
            // Before the lock is released: a process that has opened the file must not read the token.
            file.SetLength(0);
            File.Delete(file.Name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A leftover token is harmless: no registration has it, so it creates a new one.
        }

        file.Dispose();
    }

    // Prefers a directory that is deleted with the user's last session: tokens are useless after minutes.
    private static string? FindFolder()
    {
        var parent = Variable("XDG_RUNTIME_DIR") ?? Variable("XDG_CACHE_HOME")
            ?? (Variable("HOME") is { } home ? Path.Join(home, ".cache") : null);
        if (parent is null)
            return null;
        try
        {
            return Directory.CreateDirectory(Path.Join(parent, "turnserver"), OwnerOnly | UnixFileMode.UserExecute)
                .FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { } path && Path.IsPathFullyQualified(path) ? path : null;

    private static FileStream? Open(string folder, string identity)
    {
        for (var slot = 0; slot < SlotsMax; slot++)
        {
            try
            {
                return new FileStream(Path.Join(folder, $"connect-{identity}-{slot}"), new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    // Locks the file.
                    Share = FileShare.None,
                    BufferSize = 0,
                    UnixCreateMode = OwnerOnly,
                });
            }
            catch (IOException)
            {
                // Another process has locked it.
            }
            catch (UnauthorizedAccessException)
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>
    /// Identifies a registration in its file's name. Without a pool it is what versions before pools made of it.
    /// </summary>
    internal static string Identify(Uri url, string name, string? partner, string? pool)
    {
        var place = $"{url.GetLeftPart(UriPartial.Authority)}\n{name}\n{partner ?? "*"}"
            + (pool is null ? "" : $"\n{pool}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place)))[..16];
    }

    private static string ReadOrWrite(FileStream file)
    {
        Span<byte> bytes = stackalloc byte[TurnClient.TokenLength + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        // Anything else in the file is not a token.
        if (length == TurnClient.TokenLength && !bytes[..length].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
            return Encoding.ASCII.GetString(bytes[..length]);
        var token = TurnClient.CreateToken();
        file.SetLength(0);
        file.Position = 0;
        file.Write(Encoding.ASCII.GetBytes(token));
        return token;
    }
}
