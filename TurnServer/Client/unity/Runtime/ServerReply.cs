namespace TurnServer.Client
{
    /// <summary>A parsed reply: <c>0/CODE/DATA</c> or <c>ERROR/DETAIL/DATA</c> (PROTOCOL.md, "Reply").</summary>
    internal sealed class ServerReply
    {
        public const int GameNoData = 10;
        public const int GameRedundant = 11;

        // What takes the place of a reply that was lost.
        public static readonly ServerReply None = new ServerReply();

        private const int DigitsMax = 3;

        /// <summary>The error code; 0: none.</summary>
        public int Error { get; private set; }

        /// <summary>The second field of an error; null stands for <c>*</c>.</summary>
        public int? Detail { get; private set; }

        /// <summary>The second field of a successful reply; −1 in an error.</summary>
        public int Code { get; private set; } = -1;

        /// <summary>What follows the second slash of a successful reply.</summary>
        public string Data { get; private set; } = "";

        /// <summary>Whether the server held it (<c>Preference-Applied</c>).</summary>
        public bool IsHeld { get; set; }

        /// <summary>The header <c>Turn-Counter</c>; null: none.</summary>
        public long? TurnCounter { get; set; }

        /// <summary>The header <c>Turns-Taken</c>; null unless there is also <see cref="Acknowledged"/>.</summary>
        public long? Taken { get; private set; }

        /// <summary>The header <c>Turns-Acknowledged</c>; null unless there is also <see cref="Taken"/>.</summary>
        public long? Acknowledged { get; private set; }

        /// <summary>The header <c>Partner-Silent</c>, in seconds; null: none, as from an older server.</summary>
        public long? PartnerSilent { get; set; }

        /// <summary>Whether it has no turns; with other codes * is a turn.</summary>
        public bool IsEmpty => Code == GameNoData || (Code == GameRedundant && Data == "*");

        public static ServerReply Success(int code, string data = "") => new ServerReply { Code = code, Data = data };

        /// <summary>Reads a body; null if it is not a turn server's reply.</summary>
        public static ServerReply Parse(string text)
        {
            var at = 0;
            if (!TryTakeNumber(text, ref at, out var first))
                return null;
            int? second = null;
            if (string.CompareOrdinal(text, at, "*/", 0, 2) == 0)
                at += 2;
            else if (TryTakeNumber(text, ref at, out var number))
                second = number;
            else
                return null;
            var data = text.Substring(at);
            if (first == 0)
                return second >= 0 && second <= GameRedundant ? Success(second.Value, data) : null;
            return TurnFault.IsKnown(first) && data == "*" ? new ServerReply { Error = first, Detail = second } : null;
        }

        /// <summary>Sets the two counts of turns, which count only together.</summary>
        public void SetTotals(long? taken, long? acknowledged)
        {
            var isTold = taken >= 0 && acknowledged >= 0;
            Taken = isTold ? taken : null;
            Acknowledged = isTold ? acknowledged : null;
        }

        // A number of one to three digits, followed by a slash.
        private static bool TryTakeNumber(string text, ref int at, out int number)
        {
            number = 0;
            var start = at;
            while (at < text.Length && at - start < DigitsMax && text[at] >= '0' && text[at] <= '9')
                number = (10 * number) + (text[at++] - '0');
            return at > start && at < text.Length && text[at++] == '/';
        }
    }
}
