using System;
using System.Collections.Generic;
using UnityEngine;

namespace TurnServer.Client
{
    /// <summary>
    /// Calls back when a time is over, with the frames of the game: WebGL has neither threads nor timers. It is on an
    /// object of its own, which outlives scenes.
    /// </summary>
    [AddComponentMenu("")]
    internal sealed class TurnClock : MonoBehaviour
    {
        private static TurnClock _instance;

        private readonly List<Timer> _timers = new List<Timer>();

        public static TurnClock Instance
        {
            get
            {
                // Destroyed objects equal null.
                if (_instance == null)
                {
                    var holder = new GameObject("TurnServer.Client") { hideFlags = HideFlags.HideInHierarchy };
                    DontDestroyOnLoad(holder);
                    _instance = holder.AddComponent<TurnClock>();
                }

                return _instance;
            }
        }

        /// <summary>Goes on while Time.timeScale is 0.</summary>
        public static TimeSpan Now => TimeSpan.FromSeconds(Time.realtimeSinceStartupAsDouble);

        public IDisposable CallAfter(TimeSpan delay, Action call)
        {
            var timer = new Timer(Now + delay, call);
            _timers.Add(timer);
            return timer;
        }

        private void Update()
        {
            var now = Now;
            // Calls may add timers, which are for later frames.
            for (var i = _timers.Count - 1; i >= 0; i--)
            {
                var timer = _timers[i];
                if (timer.Call != null && timer.At > now)
                    continue;
                _timers.RemoveAt(i);
                var call = timer.Call;
                timer.Call = null;
                call?.Invoke();
            }
        }

        private sealed class Timer : IDisposable
        {
            public Timer(TimeSpan at, Action call)
            {
                At = at;
                Call = call;
            }

            public TimeSpan At { get; }

            /// <summary>Null once it has been called or cancelled.</summary>
            public Action Call { get; set; }

            public void Dispose() => Call = null;
        }
    }
}
