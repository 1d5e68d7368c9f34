using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;

namespace TurnServer.Client
{
    /// <summary>Checks what the game passes in, before anything is sent.</summary>
    internal static class TurnText
    {
        private const int NameCharactersMax = 64;
        private const int TokenCharactersMax = 64;
        private const int PoolCharactersMax = 32;
        private const int TokenBytes = 16;

        // What JavaScript's trim removes, so that all clients trim alike.
        private static readonly char[] Space = ("\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
            + "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff").ToCharArray();

        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

        public static int BytesOf(string text) => Utf8.GetByteCount(text);

        public static byte[] Encode(string text) => Utf8.GetBytes(text);

        /// <summary>Reads UTF-8; malformed parts become replacement characters.</summary>
        public static string Decode(byte[] bytes) => Utf8.GetString(bytes);

        /// <summary>
        /// Trims and normalizes a name: the server compares bytes, and Unicode can spell the same name in several ways.
        /// Null if it is no name.
        /// </summary>
        public static string Name(string text)
        {
            var name = text.Trim(Space);
            if (CodePoints(name) < 0)
                return null;
            name = name.Normalize(NormalizationForm.FormC);
            var length = CodePoints(name);
            foreach (var c in name)
            {
                if (c < ' ' || (c >= '\u007f' && c <= '\u009f') || c == ',')
                    return null;
            }

            return length >= 1 && length <= NameCharactersMax ? name : null;
        }

        public static bool IsPool(string text) => IsVisibleAscii(text, PoolCharactersMax, ",#");

        public static bool IsToken(string text) => IsVisibleAscii(text, TokenCharactersMax, ",*");

        /// <summary>A random token, in hexadecimal digits.</summary>
        public static string CreateToken()
        {
            var bytes = new byte[TokenBytes];
            using (var random = RandomNumberGenerator.Create())
                random.GetBytes(bytes);
            var text = new StringBuilder();
            foreach (var one in bytes)
                text.Append(one.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            return text.ToString();
        }

        /// <exception cref="ArgumentException">The turn cannot be sent.</exception>
        public static void CheckTurn(string turn)
        {
            if (string.IsNullOrEmpty(turn))
                throw new ArgumentException("a turn cannot be empty", nameof(turn));
            if (turn.IndexOf('|') >= 0)
                throw new ArgumentException("a turn cannot contain |, which separates turns on the wire", nameof(turn));
            if (CodePoints(turn) < 0)
                throw new ArgumentException("a turn cannot contain half of a surrogate pair", nameof(turn));
            var bytes = BytesOf(turn);
            if (bytes > TurnGame.TurnBytesMax)
            {
                throw new ArgumentException($"a turn has at most {TurnGame.TurnBytesMax} bytes, not {bytes}",
                    nameof(turn));
            }
        }

        /// <summary>What is wrong with the URL of a server, without repeating it: it may contain a password.</summary>
        /// <returns>Null: nothing.</returns>
        public static string FaultOfUrl(string url)
        {
            const string Scheme = "the server's URL must begin with http:// or https://";
            if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed))
                return Scheme;
            if (parsed.Scheme != "http" && parsed.Scheme != "https")
                return Scheme;
            return parsed.UserInfo.Length > 0 ? "the server's URL must not contain a user name or a password" : null;
        }

        public static string Join(IEnumerable<string> turns) => string.Join("|", turns);

        // −1: it contains half of a surrogate pair.
        private static int CodePoints(string text)
        {
            var count = 0;
            for (var i = 0; i < text.Length; i++, count++)
            {
                if (!char.IsSurrogate(text[i]))
                    continue;
                if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                    return -1;
                i++;
            }

            return count;
        }

        private static bool IsVisibleAscii(string text, int lengthMax, string but)
        {
            foreach (var c in text)
            {
                if (c < '!' || c > '~' || but.IndexOf(c) >= 0)
                    return false;
            }

            return text.Length >= 1 && text.Length <= lengthMax;
        }
    }
}
