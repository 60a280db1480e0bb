import { problem } from '../problem.ts'

/** What can go wrong with images of registries. */

export const imageRefused = problem('image-refused', {
  explain: `The registry answered, and did not give the image: there is none of that name or tag, it is private, or what
came is not what its digest says. Many registries do not tell an image that is not there from one that is private.

berth asks with root's own names and passwords, which \`docker login\` writes to \`~/.docker/config.json\`. \`skopeo
login\` alone writes to a directory in memory, which is gone after a reboot; give it
\`--authfile ~/.config/containers/auth.json\`.`,
  text: ({ reference, reason, registry }: { reference: string; reason: string; registry: string | undefined }) => ({
    message: `Cannot fetch the image ${reference}: ${reason}`,
    fix: `Check its name and tag; for a private image log in as root: \`skopeo login --authfile ~/.config/containers/auth.json${
      registry === undefined ? '' : ` ${registry}`
    }\``,
  }),
})

export const imageUnusable = problem('image-unusable', {
  explain: `berth unpacks each layer of an image with guards, and holds it against the digest that the image gives for it.
An image for another processor, one of another kind (a chart, a signature), an encrypted one, or one with layers that are
kept elsewhere cannot be built upon; neither can one whose layers are damaged, or lead out of the image.`,
  text: ({ reference, reason }: { reference: string; reason: string }) => ({
    message: `Cannot use the image ${reference}: ${reason}`,
    fix: 'Take another image, or have this one built and pushed anew',
  }),
})
