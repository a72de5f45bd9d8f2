// What the library's forms and lists call for their words: these stay as they are written.
const gettext = (text) => text;
const gettext_noop = gettext;
const pgettext = (context, text) => text;
const ngettext = (one, many, count) => (count === 1 ? one : many);
const npgettext = (context, one, many, count) => ngettext(one, many, count);
const pluralidx = (count) => (count === 1 ? 0 : 1);
const interpolate = (text, values, named) =>
  named
    ? text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]))
    : text.replace(/%s/g, () => String(values.shift()));
const get_format = (name) =>
  ({
    DATE_INPUT_FORMATS: ["%Y-%m-%d"],
    TIME_INPUT_FORMATS: ["%H:%M:%S", "%H:%M"],
    DATETIME_INPUT_FORMATS: ["%Y-%m-%d %H:%M:%S"],
    FIRST_DAY_OF_WEEK: 1,
  })[name] ?? name;
