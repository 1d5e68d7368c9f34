// As much of UnityEngine as the package and its sample use, so that they are compiled and run without Unity.

using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace UnityEngine
{
    [Flags]
    public enum HideFlags
    {
        None = 0,
        HideInHierarchy = 1,
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName) => MenuName = menuName;

        public string MenuName { get; }
    }

    public class Object
    {
        private bool _isDestroyed;

        public string name { get; set; } = "";

        public HideFlags hideFlags { get; set; }

        public static void DontDestroyOnLoad(Object target)
        {
        }

        public static void DestroyImmediate(Object target)
        {
            if (target is MonoBehaviour behaviour)
                PlayerLoop.Tell(behaviour, "OnDestroy");
            target._isDestroyed = true;
        }

        public static bool operator ==(Object one, Object other) =>
            IsNull(one) ? IsNull(other) : ReferenceEquals(one, other);

        public static bool operator !=(Object one, Object other) => !(one == other);

        public override bool Equals(object other) => this == other as Object;

        public override int GetHashCode() => base.GetHashCode();

        internal static bool IsNull(Object one) => one is null || one._isDestroyed;
    }

    public sealed class GameObject : Object
    {
        public GameObject(string name) => this.name = name;

        public T AddComponent<T>()
            where T : Component, new()
        {
            var component = new T { name = name };
            if (component is MonoBehaviour behaviour)
                PlayerLoop.Add(behaviour);
            return component;
        }
    }

    public class Component : Object
    {
    }

    public class MonoBehaviour : Component
    {
    }

    public static class Time
    {
        private static readonly Stopwatch Clock = Stopwatch.StartNew();

        public static double realtimeSinceStartupAsDouble => Clock.Elapsed.TotalSeconds;
    }

    public static class Debug
    {
        public static event Action<string> Logged;

        public static void Log(object message) => Logged?.Invoke(message.ToString());
    }

    public static class PlayerPrefs
    {
        private static readonly Dictionary<string, object> Values = new Dictionary<string, object>();

        public static bool HasKey(string key) => Values.ContainsKey(key);

        public static string GetString(string key) => (string)Values[key];

        public static int GetInt(string key) => (int)Values[key];

        public static void SetString(string key, string value) => Values[key] = value;

        public static void SetInt(string key, int value) => Values[key] = value;

        public static void DeleteKey(string key) => Values.Remove(key);

        public static void Save()
        {
        }
    }

    public class AsyncOperation
    {
        private Action<AsyncOperation> _completed;

        /// <summary>Calls a new handler at once if the operation is done, as Unity does.</summary>
        public event Action<AsyncOperation> completed
        {
            add
            {
                if (isDone)
                    value(this);
                else
                    _completed += value;
            }

            remove => _completed -= value;
        }

        public bool isDone { get; private set; }

        internal void Complete()
        {
            isDone = true;
            _completed?.Invoke(this);
        }
    }
}
