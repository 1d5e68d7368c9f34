using System.Security.Cryptography;
using System.Text;
using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>
/// The token of a registration, kept in a file while <c>connect</c> waits: one that is killed and started again comes
/// back to its place in the line (PROTOCOL.md, "Pairing"). A lock on the file, which the kernel releases with the
/// process, has one process use it at a time. Where no file can be written the token is kept in memory.
/// </summary>
internal sealed class TokenFile : IDisposable
{
    // As many as wait on this machine under one name at one server, and can come back.
    private const int SlotsMax = 8;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private FileStream? _file;

    private TokenFile(FileStream? file, string token)
    {
        _file = file;
        Token = token;
    }

    public string Token { get; }

    /// <summary>The token that was left for such a registration and that nobody uses; otherwise a new one.</summary>
    public static TokenFile Claim(Uri url, string name, string? partner)
    {
        var file = FindFolder() is { } folder ? Open(folder, Identify(url, name, partner)) : null;
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

    /// <summary>The registration has ended, or become a game: nobody is to come back to it.</summary>
    public void Dispose()
    {
        if (_file is not { } file)
            return;
        _file = null;
        try
        {
            // Before the lock is given up: whoever has opened the file already must not find a token in it.
            file.SetLength(0);
            File.Delete(file.Name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is left is the token of nobody: it registers anew.
        }

        file.Dispose();
    }

    // Gone with the user's last session where there is such a directory; a token is worth nothing after minutes.
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
                    // Locks it.
                    Share = FileShare.None,
                    BufferSize = 0,
                    UnixCreateMode = OwnerOnly,
                });
            }
            catch (IOException)
            {
                // Another process has it.
            }
            catch (UnauthorizedAccessException)
            {
                return null;
            }
        }

        return null;
    }

    private static string Identify(Uri url, string name, string? partner)
    {
        var place = $"{url.GetLeftPart(UriPartial.Authority)}\n{name}\n{partner ?? "*"}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place)))[..16];
    }

    private static string ReadOrWrite(FileStream file)
    {
        Span<byte> bytes = stackalloc byte[TurnClient.TokenLength + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        // Anything else that was left there is none.
        if (length == TurnClient.TokenLength && !bytes[..length].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
            return Encoding.ASCII.GetString(bytes[..length]);
        var token = TurnClient.CreateToken();
        file.SetLength(0);
        file.Position = 0;
        file.Write(Encoding.ASCII.GetBytes(token));
        return token;
    }
}
