using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace TurnServer.Client
{
    /// <summary>
    /// What a client needs to come back to a game, as one line of JSON that <see cref="TurnGame.Save"/> hands out.
    /// Clients in other languages use the same names.
    /// </summary>
    internal sealed class SavedGame
    {
        private const int Version = 1;

        private SavedGame()
        {
        }

        public string Url { get; private set; }

        /// <summary>The seat key, as text: JavaScript reads numbers as doubles.</summary>
        public string Key { get; private set; }

        public int Seat { get; private set; }

        public string Partner { get; private set; }

        public bool IsHost { get; private set; }

        /// <summary>The last counter taken, as far as the client knows; −1 before the first.</summary>
        public long Counter { get; private set; } = -1;

        /// <summary>How many turns the server has taken.</summary>
        public long Taken { get; private set; }

        /// <summary>The last of those that were taken with one update.</summary>
        public IReadOnlyList<string> Last { get; private set; } = Array.Empty<string>();

        /// <summary>The turns after them.</summary>
        public IReadOnlyList<string> Unsent { get; private set; } = Array.Empty<string>();

        /// <summary>How many of the partner's turns have arrived.</summary>
        public long Received { get; private set; }

        /// <summary>The last of those, which have not been read.</summary>
        public IReadOnlyList<string> Unread { get; private set; } = Array.Empty<string>();

        /// <summary>A game that begins.</summary>
        public static SavedGame Begin(string url, Pairing pairing, string key, int seat) => new SavedGame
        {
            Url = url,
            Key = key,
            Seat = seat,
            Partner = pairing.Partner,
            IsHost = pairing.IsHost,
        };

        /// <summary>The same seat with other counts and turns.</summary>
        public SavedGame With(long counter, long taken, IReadOnlyList<string> last, IReadOnlyList<string> unsent,
            long received, IReadOnlyList<string> unread)
        {
            var game = Begin(Url, new Pairing(Partner, IsHost), Key, Seat);
            game.Counter = counter;
            game.Taken = taken;
            game.Last = last;
            game.Unsent = unsent;
            game.Received = received;
            game.Unread = unread;
            return game;
        }

        public string Write()
        {
            var json = new StringBuilder();
            json.Append($"{{\"version\":{Version},\"url\":");
            SavedGameJson.Write(json, Url);
            json.Append(",\"key\":");
            SavedGameJson.Write(json, Key);
            json.Append($",\"seat\":{Seat},\"partner\":");
            SavedGameJson.Write(json, Partner);
            // Some cultures have another minus sign.
            var counter = Counter.ToString(CultureInfo.InvariantCulture);
            json.Append($",\"isHost\":{(IsHost ? "true" : "false")},\"counter\":{counter},\"taken\":{Taken},\"last\":");
            SavedGameJson.Write(json, Last);
            json.Append(",\"unsent\":");
            SavedGameJson.Write(json, Unsent);
            json.Append($",\"received\":{Received},\"unread\":");
            SavedGameJson.Write(json, Unread);
            return json.Append('}').ToString();
        }

        /// <summary>Reads what <see cref="Write"/>, or a client in another language, wrote.</summary>
        /// <exception cref="FormatException">It is something else; the message says what.</exception>
        public static SavedGame Read(string text)
        {
            var values = SavedGameJson.Read(text);
            if (Value<long>(values, "version") != Version)
                throw SavedGameJson.Fault($"its version is not {Version}");
            var seat = Value<long>(values, "seat");
            var game = new SavedGame
            {
                Url = Value<string>(values, "url"),
                Key = Value<string>(values, "key"),
                Seat = seat == 0 || seat == 1 ? (int)seat : -1,
                Partner = Value<string>(values, "partner"),
                IsHost = Value<bool>(values, "isHost"),
                Counter = Value<long>(values, "counter"),
                Taken = Value<long>(values, "taken"),
                Last = Value<List<string>>(values, "last"),
                Unsent = Value<List<string>>(values, "unsent"),
                Received = Value<long>(values, "received"),
                Unread = Value<List<string>>(values, "unread"),
            };
            return game.WhatIsWrong() is string fault ? throw SavedGameJson.Fault(fault) : game;
        }

        private static T Value<T>(Dictionary<string, object> values, string name) =>
            values.TryGetValue(name, out var value) && value is T typed ? typed
                : throw SavedGameJson.Fault($"its {name} is missing or of another type");

        private string WhatIsWrong()
        {
            if (TurnText.FaultOfUrl(Url) is string fault)
                return fault;
            if (Key.Length == 0 || !Key.All(c => c >= '0' && c <= '9') || Seat < 0)
                return "its key or seat is malformed";
            if (Counter < -1 || Taken < Last.Count || Received < Unread.Count)
                return "its counts are inconsistent";
            return Last.Concat(Unsent).Any(turn => turn.Length == 0 || turn.IndexOf('|') >= 0)
                ? "one of its turns is empty or contains |" : null;
        }
    }
}
