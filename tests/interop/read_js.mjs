// Reads a calendar file with ical.js and node-ical: events as JSON, by the name of the reader.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import nodeIcal from "node-ical";

const text = readFileSync(0, "utf8");

function byIcalJs() {
  const calendar = new ICAL.Component(ICAL.parse(text));
  return calendar.getAllSubcomponents("vevent").map((event) => ({
    uid: event.getFirstPropertyValue("uid"),
    starts_at: event.getFirstPropertyValue("dtstart").toICALString(),
    summary: event.getFirstPropertyValue("summary"),
    organizer: event.getFirstProperty("organizer")?.getParameter("cn") ?? null,
    attendee: event.getFirstProperty("attendee")?.getParameter("cn") ?? null,
    url: event.getFirstPropertyValue("url"),
  }));
}

function byNodeIcal() {
  const bare = (name) => name?.replace(/^"|"$/g, "") ?? null; // it leaves the quotes of a parameter on
  return Object.values(nodeIcal.sync.parseICS(text))
    .filter((item) => item.type === "VEVENT")
    .map((event) => ({
      uid: event.uid,
      starts_at: event.start.toISOString().replace(/[-:]|\.000/g, ""),
      summary: event.summary,
      organizer: bare(event.organizer?.params?.CN),
      attendee: bare(event.attendee?.params?.CN),
      url: event.url?.val ?? event.url ?? null,
    }));
}

process.stdout.write(JSON.stringify({ "ical.js": byIcalJs(), "node-ical": byNodeIcal() }));
